package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// D3: the challenge names what the route requires, as configured and in that order.
func TestScope(t *testing.T) {
	insufficient := func(scope string) string { return `403 Bearer error="insufficient_scope", scope="` + scope + `"` }
	for _, tt := range []struct {
		name, granted string
		need          core.Requirement
		want          string
	}{
		{"the element is granted", "read write", core.AllOf("read"), "ok"},
		{"all elements are granted, in another order", "read write", core.AllOf("write", "read"), "ok"},
		{"one of two is missing", "read", core.AllOf("read", "admin"), insufficient("read admin")},                                            // IN-58, BT-53
		{"the order of the route is kept", "x", core.AllOf("b", "a"), insufficient("b a")},                                                    // D3
		{"the element is a prefix of a granted one", "readonly", core.AllOf("read"), insufficient("read")},                                    // IN-56, A78
		{"the element is a qualified granted one", "read:all", core.AllOf("read"), insufficient("read")},                                      // IN-56
		{"the element is a suffix of a granted one", "xread", core.AllOf("read"), insufficient("read")},                                       // IN-56
		{"a granted one is a prefix of the element", "a", core.AllOf("aa"), insufficient("aa")},                                               // MFP-17
		{"the case differs", "read", core.AllOf("Read"), insufficient("Read")},                                                                // IN-57
		{"nothing is granted", "", core.AllOf("read"), insufficient("read")},                                                                  // BT-46
		{"a granted star covers nothing", "* **", core.AllOf("read"), insufficient("read")},                                                   //
		{"a granted star is a star", "*", core.AllOf("*"), "ok"},                                                                              //
		{"RegisteredClient is not added", "x", core.AllOf("scopeA"), insufficient("scopeA")},                                                  // MFP-15, D3
		{"RegisteredClient where the route names it", "x", core.AllOf("RegisteredClient", "scopeA"), insufficient("RegisteredClient scopeA")}, // MFP-15
		{"RegisteredClient is not needed", "accessRestricted", core.AllOf("accessRestricted"), "ok"},                                          // MFP-17
		{"any of two", "write", core.AnyOf("read", "write"), "ok"},
		{"any of two, none granted", "x", core.AnyOf("read", "write"), insufficient("read write")},
		{"any scope will do", "x", core.Authenticated(), "ok"},
		{"no scope will do", "", core.Authenticated(), "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			srv.SetAnswer(t1, fmt.Sprintf(`{"active":true,"scope":%q}`, tt.granted))
			v := mobileFirst(t, srv)
			for _, when := range []string{"asked", "remembered"} { // A01, IN-81, MFP-19
				_, d := authorize(t.Context(), v, bearer(t1), tt.need)
				if got := outcome(d); got != tt.want {
					t.Errorf("%s: got %s, want %s", when, got, tt.want)
				}
				if d != nil && !errors.Is(d.Cause, core.ErrInsufficientScope) {
					t.Errorf("%s: the cause is %v", when, d.Cause)
				}
			}
			if got := srv.Calls().Introspection; got != 1 {
				t.Errorf("%d calls, want 1", got)
			}
		})
	}
}

// IN-81, A01: what a route asks for is decided on every request, whoever's request brought the answer.
func TestVerdictsAreNotRemembered(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, active)
	v := mobileFirst(t, srv)
	for i, tt := range []struct {
		need core.Requirement
		want string
	}{
		{core.AllOf("read"), "ok"},
		{core.AllOf("admin"), `403 Bearer error="insufficient_scope", scope="admin"`},
		{core.AllOf("read"), "ok"},
		{core.AnyOf("admin", "write"), "ok"},
	} {
		if _, d := authorize(t.Context(), v, bearer(t1), tt.need); outcome(d) != tt.want {
			t.Errorf("request %d: got %s, want %s", i, outcome(d), tt.want)
		}
	}
	if got := srv.Calls().Introspection; got != 1 {
		t.Errorf("%d calls, want 1", got)
	}
}

// BT-48: validity comes before scope, and a bad token learns nothing about the route.
func TestInvalidTokenLearnsNoScope(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	for _, tok := range []string{"unknown", srv.Mint(coretest.Grant{Lifetime: -time.Minute})} {
		_, d := authorize(t.Context(), v, bearer(tok), core.AllOf("admin"))
		if got := outcome(d); got != invalidToken {
			t.Errorf("got %s, want %s", got, invalidToken)
		}
	}
}

// BT-50, BCP-02: a requirement that cannot be meant is found when the route is set up, with a text that names the fix.
func TestCheckRequirement(t *testing.T) {
	mfp := mobileFirst(t, coretest.New())
	rfc := rfc7662(t, newAsker())
	const cut = " has one of the characters ,=, at which MobileFirst clients cut a challenge"
	for _, tt := range []struct {
		name     string
		need     core.Requirement
		mfp, rfc string
	}{
		{"a good one", core.AllOf("read", "authorization.introspect", "clients:read-public", "*"), "<nil>", "<nil>"},
		{"authenticated", core.Authenticated(), "<nil>", "<nil>"},
		{"fresh and optional", core.AnyOf("a").MaxAge(0).Optional(), "<nil>", "<nil>"},
		{"the zero value", core.Requirement{}, "core: the zero Requirement: use AllOf, AnyOf or Authenticated", "same"},
		{"the zero value, optional", core.Requirement{}.Optional(), "core: the zero Requirement: use AllOf, AnyOf or Authenticated", "same"},
		{"empty", core.AllOf(""), `core: required scope "" is empty`, "same"},
		{"empty among others", core.AllOf("a", ""), `core: required scope "" is empty`, "same"},
		{"a list in one string", core.AllOf("a b"), `core: required scope "a b" has a blank: pass each scope element as an argument of its own`, "same"},
		{"a quote", core.AllOf(`re"ad`), `core: required scope "re\"ad" has the character '"', which a scope cannot have (RFC 6749 section 3.3)`, "same"},
		{"a backslash", core.AnyOf(`a\b`), `core: required scope "a\\b" has the character '\\', which a scope cannot have (RFC 6749 section 3.3)`, "same"},
		{"not ASCII", core.AllOf("é"), `core: required scope "é" has the character 'Ã', which a scope cannot have (RFC 6749 section 3.3)`, "same"},
		{"a line break", core.AllOf("a\r\nX:1"), `core: required scope "a\r\nX:1" has the character '\r', which a scope cannot have (RFC 6749 section 3.3)`, "same"},
		{"a comma", core.AllOf("a,b"), `core: required scope "a,b"` + cut, "<nil>"},
		{"an equals sign", core.AllOf("https://x/y?z=1"), `core: required scope "https://x/y?z=1"` + cut, "<nil>"},
		{"a negative age", core.AllOf("a").MaxAge(-1), "core: Requirement.MaxAge is -1ns, want >= 0", "same"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(guardErr(mfp, tt.need)); got != tt.mfp {
				t.Errorf("MobileFirst: got %s, want %s", got, tt.mfp)
			}
			want := strings.ReplaceAll(tt.rfc, "same", tt.mfp)
			if got := fmt.Sprint(guardErr(rfc, tt.need)); got != want {
				t.Errorf("RFC 7662: got %s, want %s", got, want)
			}
		})
	}
	var none *core.Verifier
	if got, want := fmt.Sprint(guardErr(none, core.Authenticated())), "core: the Verifier is nil: check the error of core.New"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func guardErr(v *core.Verifier, need core.Requirement) error {
	_, err := v.Guard(need)
	return err
}

// A requirement that nobody has checked lets nobody in, and gets into no challenge.
func TestUncheckedRequirement(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, active)
	v := mobileFirst(t, srv)
	for _, need := range []core.Requirement{
		{}, core.Requirement{}.Optional(), core.AllOf(`a"b`), core.AllOf("a\r\nX-Evil: 1"), core.AllOf("a,b"), core.AllOf(""), core.AnyOf("\x00"),
	} {
		p, d := authorize(t.Context(), v, bearer(t1), need)
		if outcome(d) != "503" || !errors.Is(d.Cause, core.ErrUnavailable) || p != (core.Principal{}) {
			t.Errorf("%+v: got %s for %v", need, outcome(d), p)
		}
	}
	if _, d := authorize(t.Context(), v, nil, core.Requirement{}.Optional()); outcome(d) != "503" {
		t.Errorf("no token, zero requirement: got %s, want 503", outcome(d))
	}
}

// The elements of one requirement are its own: another made from the same slice does not change it.
func TestRequirementIsImmutable(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, active)
	v := mobileFirst(t, srv)
	elements := []string{"write", "x"}
	need := core.AllOf("read", elements[:1]...)
	elements[0] = "admin"
	if _, d := authorize(t.Context(), v, bearer(t1), need); d != nil {
		t.Errorf("got %s, want ok", outcome(d))
	}
	core.AllOf("read").MaxAge(0).Optional()
	first := core.AllOf("read")
	_ = first.MaxAge(0)
	_, d := authorize(t.Context(), v, bearer(t1), first)
	if d != nil || srv.Calls().Introspection != 1 {
		t.Errorf("MaxAge changed the requirement that it was called on: %s after %+v", outcome(d), srv.Calls())
	}
}
