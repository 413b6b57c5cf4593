//go:build !race

package core_test

import (
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// A remembered token costs no allocation, whatever the route asks for. (Under the race detector sync.Pool drops things on purpose, so
// the test is not built then.)
func TestHitAllocatesNothing(t *testing.T) {
	for _, n := range []int{36, 900, 8192} {
		v, good, bad := warm(t, n)
		ctx := t.Context()
		for name, need := range map[string]core.Requirement{
			"AllOf": core.AllOf("accessRestricted"), "AnyOf": core.AnyOf("x", "accessRestricted"), "Authenticated": core.Authenticated(),
			"Optional": core.AllOf("accessRestricted").Optional(), "MaxAge": core.Authenticated().MaxAge(1<<63 - 1),
		} {
			guard, err := v.Guard(need)
			if err != nil {
				t.Fatal(err)
			}
			if allocs := testing.AllocsPerRun(200, func() {
				if _, d := guard.Authorize(ctx, core.Request{Authorization: good}); d != nil {
					t.Error(outcome(d))
				}
			}); allocs != 0 {
				t.Errorf("%d bytes, %s: %v allocations, want none", n, name, allocs)
			}
		}
		// A refusal makes a Denial for its caller to keep, and its fields.
		guard := mustGuard(t, v)
		if allocs := testing.AllocsPerRun(200, func() { guard.Authorize(ctx, core.Request{Authorization: bad}) }); allocs > 6 {
			t.Errorf("%d bytes, inactive: %v allocations, want at most 6", n, allocs)
		}
	}
}

// SV-09: so it is behind Several, whatever picks the server.
func TestSeveralHitAllocatesNothing(t *testing.T) {
	for _, n := range []int{36, 900, 8192} {
		v, opaque, jwt := warmSeveral(t, n)
		guard, ctx := mustGuard(t, v), t.Context()
		for _, values := range [][]string{opaque, jwt} {
			if allocs := testing.AllocsPerRun(200, func() {
				if _, d := guard.Authorize(ctx, core.Request{Authorization: values}); d != nil {
					t.Error(outcome(d))
				}
			}); allocs != 0 {
				t.Errorf("%d bytes, %.20s: %v allocations, want none", n, values[0], allocs)
			}
		}
	}
}
