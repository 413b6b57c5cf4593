package httpguard_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/adaptertest"
	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
)

func TestConformance(t *testing.T) {
	adaptertest.Run(t, func(t testing.TB, v *core.Verifier, routes []adaptertest.Route) string {
		mux := http.NewServeMux()
		for _, r := range routes {
			guarded := httpguard.Require(v, r.Need)(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				io.WriteString(w, r.Handle(req.Context()))
			}))
			mux.HandleFunc(r.Path, func(w http.ResponseWriter, req *http.Request) {
				guarded.ServeHTTP(w, req.WithContext(r.Outer(req.Context(), w.Header().Set)))
			})
		}
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	})
}
