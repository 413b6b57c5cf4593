package httpguard_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/adapters/internal/hooktest"
	"github.com/mfpguard/mfpguard/core"
)

// MW-04, MW-05, MW-08
func TestHooks(t *testing.T) {
	hooktest.Run(t, func(t testing.TB, v *core.Verifier, routes ...hooktest.Route) string {
		mux := http.NewServeMux()
		for _, route := range routes {
			var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, route.Handle(r.Context(), func() core.Principal { return httpguard.Principal(r) }))
			})
			for i := len(route.Guards) - 1; i >= 0; i-- {
				h = httpguard.Require(v, route.Guards[i].Need, configs(route.Guards[i])...)(h)
			}
			mux.Handle(route.Path, recovers(h))
		}
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	})
}

// recovers is a usual recovery middleware.
func recovers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "recovered", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func configs(g hooktest.Guard) (all []httpguard.Config) {
	for _, c := range g.Configs {
		var config httpguard.Config
		if c.Next != nil {
			config.Next = func(r *http.Request) bool { return c.Next(r.URL.Path) }
		}
		if c.ErrorHandler != nil {
			config.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, d *core.Denial) { c.ErrorHandler(answer{w}, d) }
		}
		all = append(all, config)
	}
	return all
}

// answer implements hooktest.Answer.
type answer struct{ w http.ResponseWriter }

func (a answer) Set(name, value string) { a.w.Header().Set(name, value) }
func (a answer) Del(name string)        { a.w.Header().Del(name) }
func (a answer) Status(code int)        { a.w.WriteHeader(code) }
func (a answer) Body(s string)          { io.WriteString(a.w, s) }
func (a answer) Write(d *core.Denial)   { httpguard.Write(a.w, d) }
