//go:build !race

package ginguard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// An accepted request whose token is remembered costs the context with the principal and the request that carries it. (The
// race detector empties pools at random, so counts mean nothing under it.)
func TestHitAllocatesTwice(t *testing.T) {
	v, as := verifier(t)
	served := 0
	handler := func(*gin.Context) { served++ }
	r := gin.New()
	r.GET("/open", handler)
	r.GET("/guarded", ginguard.Require(v, core.AllOf("read")), handler)
	token := "Bearer " + as.Mint(coretest.Grant{Scope: "read"})
	w := httptest.NewRecorder()
	const runs = 1000
	count := func(path string) float64 {
		req, err := http.NewRequestWithContext(t.Context(), "GET", path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", token)
		return testing.AllocsPerRun(runs, func() { r.ServeHTTP(w, req) })
	}
	if got := count("/guarded") - count("/open"); got != 2 || served != 2*(runs+1) {
		t.Errorf("the guard adds %v allocations to each of %d requests, want 2 to %d", got, served, 2*(runs+1))
	}
}
