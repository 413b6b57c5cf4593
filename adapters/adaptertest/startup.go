package adaptertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// startUp: an invalid requirement or a nil Verifier must panic before anything is served (BT-50).
// The panic must contain core's text, which tells how to repair the mistake.
func startUp(t *testing.T, serve Serve) {
	as := coretest.NewServer()
	t.Cleanup(as.Close)
	v, err := core.New(mobileFirst.core(t, as))
	if err != nil {
		t.Fatal(err)
	}
	for _, mistake := range []struct {
		name string
		v    *core.Verifier
		need core.Requirement
		want string
	}{
		{"a nil Verifier", nil, core.Authenticated(), "core: the Verifier is nil: check the error of core.New"},
		{"the zero Requirement", v, core.Requirement{}, "core: the zero Requirement: use AllOf, AnyOf or Authenticated"},
		{"an empty scope", v, core.AllOf(""), "core: "},
		{"two scopes in one", v, core.AllOf("a b"), `core: required scope "a b" has a blank: pass each scope element as an argument of its own`},
		{"a scope with a quote", v, core.AllOf(`re"ad`), "core: "},
		{"a scope with a backslash", v, core.AllOf(`a\b`), "core: "},
		{"a scope beyond ASCII", v, core.AllOf("é"), "core: "},
		{"a scope with a line end", v, core.AllOf("a\r\nSet-Cookie: x"), "core: "},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			defer func() {
				if said := recover(); said == nil || !strings.Contains(fmt.Sprint(said), mistake.want) {
					t.Errorf("panic %v, want one with %q", said, mistake.want)
				}
			}()
			route := Route{Path: "/any", Need: mistake.need, Outer: noLayer, Handle: principal}
			serve(t, mistake.v, []Route{route})
		})
	}
}
