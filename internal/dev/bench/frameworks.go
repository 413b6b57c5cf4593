package main

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
)

var okBody = []byte("ok")

// A framework serves one trivial handler at /: bare, behind our guard, or behind a usual JWT
// check. The JWT check puts nothing into a context, which is an advantage for it.
type framework struct {
	name                   string
	limit                  float64 // ns above the bare handler
	allocations            float64
	bare, guarded, withJWT any // http.Handler, or *fiber.App
}

func bearerOf(field string) string { return strings.TrimPrefix(field, "Bearer ") }

func netHTTP(v *core.Verifier, c check) framework {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(okBody) })
	route := func(h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("GET /{$}", h)
		return mux
	}
	return framework{
		name: "net/http", limit: 600, allocations: 2,
		bare:    route(handler),
		guarded: route(httpguard.Require(v, requirement)(handler)),
		withJWT: route(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := c(bearerOf(r.Header.Get("Authorization"))); err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			handler(w, r)
		})),
	}
}

func withGin(v *core.Verifier, c check) framework {
	gin.SetMode(gin.ReleaseMode)
	route := func(handlers ...gin.HandlerFunc) http.Handler {
		e := gin.New()
		e.GET("/", append(handlers, func(c *gin.Context) { _, _ = c.Writer.Write(okBody) })...)
		return e
	}
	return framework{
		name: "Gin", limit: 600, allocations: 2,
		bare:    route(),
		guarded: route(ginguard.Require(v, requirement)),
		withJWT: route(func(g *gin.Context) {
			if _, err := c(bearerOf(g.GetHeader("Authorization"))); err != nil {
				g.AbortWithStatus(http.StatusUnauthorized)
			}
		}),
	}
}

func withFiber(v *core.Verifier, c check) framework {
	route := func(handlers ...fiber.Handler) *fiber.App {
		app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: 16 << 10})
		app.Get("/", append(handlers, func(c *fiber.Ctx) error { return c.Send(okBody) })...)
		return app
	}
	return framework{
		name: "Fiber", limit: 450, allocations: 1,
		bare:    route(),
		guarded: route(fiberguard.Require(v, requirement)),
		withJWT: route(func(f *fiber.Ctx) error {
			if _, err := c(bearerOf(f.Get("Authorization"))); err != nil {
				return f.SendStatus(http.StatusUnauthorized)
			}
			return f.Next()
		}),
	}
}

// nowhere is a ResponseWriter that discards its input.
type nowhere struct {
	header http.Header
	status int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (w *nowhere) WriteHeader(status int)      { w.status = status }

// requests is a contender in which the handler serves the same request again and again.
func requests(name string, handler any, token string) contender {
	if app, ok := handler.(*fiber.App); ok {
		return fiberRequests(name, app, token)
	}
	h := handler.(http.Handler)
	r, err := http.NewRequest(http.MethodGet, "/", nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	w := &nowhere{header: http.Header{}}
	return contender{name, func(n int) {
		for range n {
			h.ServeHTTP(w, r)
		}
		if w.status >= 400 {
			panic(w.status)
		}
	}}
}

// fiberRequests is requests for Fiber. It resets what the server of fasthttp resets between
// requests.
func fiberRequests(name string, app *fiber.App, token string) contender {
	handle := app.Handler()
	c := new(fasthttp.RequestCtx)
	c.Request.SetRequestURI("/")
	c.Request.Header.Set("Authorization", "Bearer "+token)
	return contender{name, func(n int) {
		for range n {
			c.ResetUserValues()
			c.Response.Reset()
			handle(c)
		}
		if c.Response.StatusCode() != http.StatusOK {
			panic(c.Response.StatusCode())
		}
	}}
}

func measureFrameworks(s settings) (*result, error) {
	rs, _, err := newSigners()
	if err != nil {
		return nil, err
	}
	signed, err := rs.token(signedSize)
	if err != nil {
		return nil, err
	}
	v, err := guarded(signed)
	if err != nil {
		return nil, err
	}
	r := newResult("framework", "bare", "ours", "allocations", "golang-jwt RS256", "allocations", "golang-jwt over ours")
	for _, f := range []framework{netHTTP(v, rs.golangJWT()), withGin(v, rs.golangJWT()), withFiber(v, rs.golangJWT())} {
		all := []contender{requests("bare", f.bare, signed), requests("ours", f.guarded, signed), requests("jwt", f.withJWT, signed)}
		l := race(s, all...)
		base := allocations(all[0])
		ours := allocations(all[1]) - base
		r.row(f.name, ns(l.ns(0)), more(l.above(1, 0)), "+"+count(ours),
			more(l.above(2, 0)), "+"+count(allocations(all[2])-base), times(l.above(2, 0)/l.above(1, 0)))
		r.facts[f.name+" allocations"] = ours
		r.atMost(f.name+" adapter over the bare handler", l.above(1, 0), f.limit, more)
		r.atMost(f.name+" adapter, allocations", ours, f.allocations, count)
	}
	return r, nil
}
