//go:build !race

package httpguard_test

import (
	"net/http"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// An accepted request whose token is remembered costs the context with the principal and the request that carries it. (The
// race detector empties pools at random, so counts mean nothing under it.)
func TestHitAllocatesTwice(t *testing.T) {
	v, as := verifier(t)
	served := 0
	h := httpguard.Require(v, core.AllOf("read"))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
	r, err := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{Scope: "read"}))
	const runs = 1000
	got := testing.AllocsPerRun(runs, func() { h.ServeHTTP(nil, r) })
	if got != 2 || served != runs+1 {
		t.Errorf("%v allocations in each of %d accepted requests, want 2 in %d", got, served, runs+1)
	}
}
