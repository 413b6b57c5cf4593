package fiberguard_test

import (
	"net"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/mfpguard/mfpguard/adapters/adaptertest"
	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
)

// The settings of an app that change how it reads requests make no difference, nor does a server of the program's own. MW-07
func TestConformance(t *testing.T) {
	for name, set := range map[string]func(*fiber.Config){
		"as recommended":            func(*fiber.Config) {},
		"DisableHeaderNormalizing":  func(c *fiber.Config) { c.DisableHeaderNormalizing = true },
		"StreamRequestBody":         func(c *fiber.Config) { c.StreamRequestBody = true },
		"in a fasthttp.Server, raw": nil,
	} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, func(t testing.TB, v *core.Verifier, routes []adaptertest.Route) string {
				config := fiber.Config{
					DisableStartupMessage: true,
					ReadBufferSize:        64 << 10,
					ErrorHandler:          fiberguard.ErrorHandler,
				}
				if set != nil {
					set(&config)
				}
				app := fiber.New(config)
				for _, r := range routes {
					app.All(r.Path, func(c *fiber.Ctx) error {
						c.SetUserContext(r.Outer(c.UserContext(), c.Set))
						return c.Next()
					}, fiberguard.Require(v, r.Need), func(c *fiber.Ctx) error {
						c.Body() // with StreamRequestBody, what nobody reads is taken for the next request
						return c.SendString(r.Handle(c.UserContext()))
					})
				}
				if set == nil {
					return startRaw(t, app)
				}
				return start(t, app)
			})
		})
	}
}

// start serves an app on a free port and returns its address.
func start(t testing.TB, app *fiber.App) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	t.Cleanup(func() {
		listener.Close() // app.Shutdown does nothing to an app that is only about to listen
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// startRaw serves an app in a server of the program's own that leaves the names of fields as they come.
func startRaw(t testing.TB, app *fiber.App) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &fasthttp.Server{Handler: app.Handler(), DisableHeaderNamesNormalizing: true, ReadBufferSize: 64 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}
