package adaptertest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/adaptertest"
	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
)

// The body of a test of httpguard. Only serve knows the framework.
func ExampleRun() {
	var t *testing.T // of TestConformance
	adaptertest.Run(t, func(t testing.TB, v *core.Verifier, routes []adaptertest.Route) (addr string) {
		mux := http.NewServeMux()
		for _, route := range routes {
			guarded := httpguard.Require(v, route.Need)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, route.Handle(r.Context()))
			}))
			mux.HandleFunc(route.Path, func(w http.ResponseWriter, r *http.Request) {
				guarded.ServeHTTP(w, r.WithContext(route.Outer(r.Context(), w.Header().Set)))
			})
		}
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	})
}
