package core_test

import (
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// A Verifier that New has not made says so, and lets no request pass.
func TestNoVerifier(t *testing.T) {
	for name, v := range map[string]*core.Verifier{"nil": nil, "the zero one": {}} {
		guard, err := v.Guard(core.Authenticated())
		for what, err := range map[string]error{
			"Guard": err, "Ready": v.Ready(t.Context()), "Forget": v.Forget(core.Principal{}), "ForgetToken": v.ForgetToken("t"),
		} {
			if err == nil {
				t.Errorf("%s: %s has no error", name, what)
			}
		}
		if _, d := guard.Authorize(t.Context(), core.Request{Authorization: bearer("t")}); d == nil || d.Status != 503 {
			t.Errorf("%s: the guard answers %+v, want 503", name, d)
		}
		if got := v.Stats(); got != (core.Stats{}) {
			t.Errorf("%s: Stats = %+v", name, got)
		}
	}
}
