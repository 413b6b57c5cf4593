package middleware_test

import (
	"net"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/cors"
	"github.com/gofiber/fiber/v2/middleware/etag"
	fiberlog "github.com/gofiber/fiber/v2/middleware/logger"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
)

// MW-03: see stack.verify.
func TestFiber(t *testing.T) {
	zip, tag, origin := compress.New(), etag.New(), cors.New(cors.Config{AllowOrigins: "https://app.test"})
	for _, s := range []struct {
		name          string
		front, behind []fiber.Handler
		cors          bool
	}{
		{"nothing", nil, nil, false},
		{"compress in front", []fiber.Handler{zip}, nil, false},
		{"compress behind", nil, []fiber.Handler{zip}, false},
		{"etag in front", []fiber.Handler{tag}, nil, false},
		{"etag behind", nil, []fiber.Handler{tag}, false},
		{"cors in front", []fiber.Handler{origin}, nil, true},
		{"cors, etag, compress in front", []fiber.Handler{origin, tag, zip}, nil, true},
		{"compress, etag, cors in front, compress and etag behind", []fiber.Handler{zip, tag, origin}, []fiber.Handler{tag, zip}, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			stack{s.name, s.cors, func(t *testing.T, v *core.Verifier, log func(status, size int)) string {
				app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: fiberguard.ErrorHandler})
				app.Use(fiberlog.New(fiberlog.Config{Format: "${status} ${resBody}", Output: lines(func(line string) { // it does not know the length yet
					status, body, _ := strings.Cut(line, " ")
					log(atoi(t, status), len(body))
				})}))
				for _, h := range s.front {
					app.Use(h)
				}
				for _, hook := range hooks {
					chain := append([]fiber.Handler{fiberguard.Require(v, core.AllOf("read"), fiberConfig(hook.text))}, s.behind...)
					app.Get(hook.path, append(chain, func(c *fiber.Ctx) error { return c.SendString(page) })...)
				}
				return listenFiber(t, app)
			}}.verify(t)
		})
	}
}

func fiberConfig(text string) (c fiberguard.Config) {
	if text != "" {
		c.ErrorHandler = func(c *fiber.Ctx, _ *core.Denial) error {
			c.Set("Content-Type", "application/problem+json")
			return c.SendString(text)
		}
	}
	return c
}

func listenFiber(t *testing.T, app *fiber.App) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// lines is an io.Writer that takes a line at a time.
type lines func(string)

func (l lines) Write(b []byte) (int, error) {
	l(string(b))
	return len(b), nil
}
