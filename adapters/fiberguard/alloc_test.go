//go:build !race

package fiberguard_test

import (
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// An accepted request whose token is remembered costs the context with the principal. (The race detector empties pools at
// random, so counts mean nothing under it.)
func TestHitAllocatesOnce(t *testing.T) {
	v, as := verifier(t)
	served := 0
	handler := func(*fiber.Ctx) error { served++; return nil }
	app := fiber.New()
	app.Get("/open", handler)
	app.Get("/guarded", fiberguard.Require(v, core.AllOf("read")), handler)
	serve := app.Handler()
	token := "Bearer " + as.Mint(coretest.Grant{Scope: "read"})
	const runs = 1000
	count := func(path string) float64 {
		var request fasthttp.Request
		request.SetRequestURI(path)
		request.Header.Set("Authorization", token)
		c := &fasthttp.RequestCtx{}
		return testing.AllocsPerRun(runs, func() {
			c.Init(&request, nil, nil)
			serve(c)
			c.ResetUserValues()
		})
	}
	if got := count("/guarded") - count("/open"); got != 1 || served != 2*(runs+1) {
		t.Errorf("the guard adds %v allocations to each of %d requests, want 1 to %d", got, served, 2*(runs+1))
	}
}
