package adaptertest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// server is one adapter in the server of its framework. Each answer that the framework lets it give has the field X-Reached.
type server struct {
	name     string
	listener pipes
	ends     bool // it must see the end of the request, because it takes some for the beginning of a longer one
}

func startAll(f *testing.F) []server {
	f.Helper()
	guarded := httpguard.Require(verifier(f), core.Authenticated())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := core.FromContext(r.Context())
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, p.ClientID())
	}))
	mux := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Reached", "1")
		guarded.ServeHTTP(w, r)
	})

	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.Use(func(c *gin.Context) { c.Header("X-Reached", "1") })
	engine.GET("/", ginguard.Require(verifier(f), core.Authenticated()), func(c *gin.Context) {
		p, _ := core.FromContext(c.Request.Context())
		c.Data(http.StatusOK, "text/plain", []byte(p.ClientID()))
	})

	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: 64 << 10, ErrorHandler: fiberguard.ErrorHandler})
	app.Use(func(c *fiber.Ctx) error {
		c.Set("X-Reached", "1")
		return c.Next()
	})
	app.Get("/", fiberguard.Require(verifier(f), core.Authenticated()), func(c *fiber.Ctx) error {
		p, _ := core.FromContext(c.UserContext())
		c.Set("Content-Type", "text/plain")
		return c.SendString(p.ClientID())
	})

	servers := []server{{name: "httpguard"}, {name: "ginguard"}, {name: "fiberguard", ends: true}}
	for i, serve := range []func(net.Listener) error{
		(&http.Server{Handler: mux}).Serve, (&http.Server{Handler: engine}).Serve, app.Listener,
	} {
		listener := make(pipes)
		servers[i].listener = listener
		go serve(listener)
	}
	return servers
}

func verifier(f *testing.F) *core.Verifier {
	f.Helper()
	as := coretest.New()
	as.SetAnswer(good, `{"active":true,"client_id":"c1"}`)
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: as.Transport(),
	})
	if err != nil {
		f.Fatal(err)
	}
	return v
}

// ask sends a request. If it reached the adapter, it returns the answer without what is the server's own, the fields sorted.
func (s server) ask(t *testing.T, request string) (answer string, reached bool) {
	conn, far := net.Pipe()
	if s.ends {
		far = &ending{far, len(request)}
	}
	s.listener <- far
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	go io.WriteString(conn, request) // a server may answer before it has read it all
	r := bufio.NewReader(conn)
	status, err := r.ReadString('\n')
	if err == io.EOF && status == "" {
		return "", false
	}
	lines, length := []string{strings.Fields(status + " ? ?")[1]}, 0
	for line := ""; err == nil; lines = append(lines, line) {
		if line, err = r.ReadString('\n'); line == "\r\n" || err != nil {
			break
		}
		line = strings.TrimSuffix(line, "\r\n")
		switch name, value, _ := strings.Cut(line, ": "); name {
		case "X-Reached":
			reached = true
		case "Content-Length":
			length, err = strconv.Atoi(value)
		}
	}
	if !reached {
		if err != nil {
			t.Errorf("%s: after %q: %v", s.name, lines, err)
		}
		return "", false
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		t.Errorf("%s: after %q: %v", s.name, lines, err)
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return slices.Contains([]string{"X-Reached", "Date", "Connection", "Content-Length"}, name)
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n\n" + string(body), true
}

// pipes is a listener without sockets. It is open as long as the test binary runs.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) { return <-p, nil }
func (p pipes) Close() error              { return nil }
func (p pipes) Addr() net.Addr            { return &net.IPAddr{} }

// ending is a connection on which nothing comes after the first left bytes.
type ending struct {
	net.Conn
	left int
}

func (e *ending) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n, err := e.Conn.Read(b)
	e.left -= n
	return n, err
}
