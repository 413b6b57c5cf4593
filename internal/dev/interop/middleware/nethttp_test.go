package middleware_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
)

type layer = func(http.Handler) http.Handler

// gz compresses everything that may be.
func gz(t *testing.T) layer {
	t.Helper()
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(0))
	if err != nil {
		t.Fatal(err)
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}

func timeout(next http.Handler) http.Handler {
	return http.TimeoutHandler(next, time.Minute, "too late")
}

func allowOrigin(next http.Handler) http.Handler {
	return cors.New(cors.Options{AllowedOrigins: []string{"https://app.test"}, AllowCredentials: true}).Handler(next)
}

// MW-03: see stack.verify.
func TestNetHTTP(t *testing.T) {
	gzDefault := func(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }
	for _, s := range []struct {
		name          string
		front, behind []layer
		cors          bool
	}{
		{"nothing", nil, nil, false},
		{"gzhttp in front", []layer{gz(t)}, nil, false},
		{"gzhttp as it comes in front", []layer{gzDefault}, nil, false},
		{"gzhttp behind", nil, []layer{gz(t)}, false},
		{"gzhttp on both sides", []layer{gz(t)}, []layer{gz(t)}, false},
		{"TimeoutHandler in front", []layer{timeout}, nil, false},
		{"TimeoutHandler behind", nil, []layer{timeout}, false},
		{"gzhttp, TimeoutHandler in front", []layer{gz(t), timeout}, nil, false},
		{"TimeoutHandler, gzhttp in front", []layer{timeout, gz(t)}, nil, false},
		{"rs/cors in front", []layer{allowOrigin}, nil, true},
		{"rs/cors, gzhttp in front", []layer{allowOrigin, gz(t)}, nil, true},
		{"gzhttp, rs/cors, TimeoutHandler in front, gzhttp behind", []layer{gz(t), allowOrigin, timeout}, []layer{gz(t)}, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			stack{s.name, s.cors, func(t *testing.T, v *core.Verifier, log func(status, size int)) string {
				return serve(t, s.front, s.behind, v, log)
			}}.verify(t)
		})
	}
}

// serve starts a server with layers around a guard, the outermost first.
func serve(t *testing.T, front, behind []layer, v *core.Verifier, log func(status, size int)) string {
	t.Helper()
	mux := http.NewServeMux()
	for _, hook := range hooks {
		var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) })
		h = httpguard.Require(v, core.AllOf("read"), httpConfig(hook.text))(wrap(h, behind))
		mux.Handle(hook.path, wrap(h, front))
	}
	return listen(t, accessLog(mux, log))
}

func wrap(h http.Handler, layers []layer) http.Handler {
	for i := len(layers) - 1; i >= 0; i-- {
		h = layers[i](h)
	}
	return h
}

func httpConfig(text string) (c httpguard.Config) {
	if text != "" {
		c.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ *core.Denial) {
			w.Header().Set("Content-Type", "application/problem+json")
			io.WriteString(w, text)
		}
	}
	return c
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// accessLog is an access logger. It tells what it has seen before the answer ends.
func accessLog(next http.Handler, log func(status, size int)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := &counting{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(l, r)
		log(l.status, l.size)
	})
}

type counting struct {
	http.ResponseWriter
	status, size int
}

func (c *counting) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.size += n
	return n, err
}

func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
