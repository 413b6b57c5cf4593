package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
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
				_, d := v.Authorize(t.Context(), bearer(t1), tt.need)
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
		if _, d := v.Authorize(t.Context(), bearer(t1), tt.need); outcome(d) != tt.want {
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
		_, d := v.Authorize(t.Context(), bearer(tok), core.AllOf("admin"))
		if got := outcome(d); got != invalidToken {
			t.Errorf("got %s, want %s", got, invalidToken)
		}
	}
}

// The checks of an active answer besides scope, under the RFC 7662 profile. Each is made when the server was asked and again
// when the answer is remembered (A05, IN-82).
func TestDecision(t *testing.T) {
	const invalid = `401 Bearer realm="api", error="invalid_token"`
	for _, tt := range []struct {
		name, members string
		skew          time.Duration
		profile       core.RFC7662Config
		want          string
	}{
		{name: "no times", members: ``, want: "ok"},
		{name: "exp ahead", members: `"exp":@+60`, want: "ok"},                                                          // IN-38
		{name: "exp now", members: `"exp":@`, want: invalid},                                                            // IN-39
		{name: "exp one second ahead", members: `"exp":@+1`, want: "ok"},                                                // IN-39
		{name: "exp past", members: `"exp":@-3`, want: invalid},                                                         // IN-40
		{name: "exp past within the skew", members: `"exp":@-3`, skew: 5 * time.Second, want: "ok"},                     // IN-40
		{name: "exp past by the skew", members: `"exp":@-5`, skew: 5 * time.Second, want: invalid},                      // IN-40
		{name: "exp zero", members: `"exp":0`, want: invalid},                                                           // IN-45, A21
		{name: "exp negative", members: `"exp":-1`, want: invalid},                                                      // IN-45
		{name: "nbf ahead", members: `"nbf":@+60`, want: invalid},                                                       // IN-51
		{name: "nbf ahead by the skew", members: `"nbf":@+60`, skew: time.Minute, want: "ok"},                           // IN-51
		{name: "nbf ahead by more than the skew", members: `"nbf":@+61`, skew: time.Minute, want: invalid},              // IN-51
		{name: "nbf now", members: `"nbf":@`, want: "ok"},                                                               // IN-51
		{name: "iat far ahead", members: `"iat":@+3600`, skew: time.Minute, want: invalid},                              // IN-52
		{name: "iat a little ahead", members: `"iat":@+60`, want: "ok"},                                                 // IN-52
		{name: "iat ahead by more than that", members: `"iat":@+61`, want: invalid},                                     // IN-52
		{name: "iat after exp", members: `"iat":@,"exp":@-1`, skew: time.Minute, want: invalid},                         // IN-53
		{name: "token_type Bearer", members: `"token_type":"bearer"`, want: "ok"},                                       // IN-64
		{name: "token_type DPoP", members: `"token_type":"DPoP"`, want: invalid},                                        // IN-64, A55
		{name: "a refresh token", members: `"token_use":"refresh_token"`, want: invalid},                                // IN-65, A56
		{name: "a bound token", members: `"cnf":{"jkt":"x"}`, want: invalid},                                            // BCP-03, A16, A55
		{name: "the issuer", members: `"iss":"https://as.test"`, profile: issuer, want: "ok"},                           // IN-63
		{name: "another issuer", members: `"iss":"https://evil.test"`, profile: issuer, want: invalid},                  // IN-63
		{name: "no issuer", members: ``, profile: issuer, want: invalid},                                                // IN-63
		{name: "the issuer with a slash", members: `"iss":"https://as.test/"`, profile: issuer, want: invalid},          // IN-63
		{name: "any issuer", members: `"iss":"https://evil.test"`, want: "ok"},                                          //
		{name: "the audience", members: `"aud":"https://rs.test"`, profile: audience, want: "ok"},                       // IN-59
		{name: "one of the audiences", members: `"aud":["x","https://rs.test"]`, profile: audience, want: "ok"},         // IN-59
		{name: "the other name", members: `"aud":"rs"`, profile: audience, want: "ok"},                                  // IN-59
		{name: "audience with a slash", members: `"aud":"https://rs.test/"`, profile: audience, want: invalid},          // IN-60
		{name: "audience in another case", members: `"aud":"https://RS.test"`, profile: audience, want: invalid},        // IN-60
		{name: "audience with our prefix", members: `"aud":"https://rs.test.evil"`, profile: audience, want: invalid},   // IN-60, A78
		{name: "both audiences in one string", members: `"aud":"https://rs.test rs"`, profile: audience, want: invalid}, // IN-60
		{name: "no audience", members: ``, profile: audience, want: invalid},                                            // IN-61, A57, BCP-01
		{name: "an empty list of audiences", members: `"aud":[]`, profile: audience, want: invalid},                     // IN-62
		{name: "any audience", members: `"aud":"https://other.test"`, want: "ok"},                                       // BCP-01
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker()
				a.set(t1, answer(t, tt.members))
				c := tt.profile
				c.IntrospectionURL = "https://as.invalid/introspect"
				c.AnyAudience = c.Audience == nil
				v := rfc7662(t, a, withProfile(core.RFC7662(c)), func(c *core.Config) { c.Skew = tt.skew })
				for _, when := range []string{"asked", "remembered"} {
					_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
					if got := outcome(d); got != tt.want {
						t.Errorf("%s: got %s, want %s", when, got, tt.want)
					}
					if d != nil && !errors.Is(d.Cause, core.ErrInvalidToken) {
						t.Errorf("%s: the cause is %v", when, d.Cause)
					}
				}
			})
		})
	}
}

var (
	issuer   = core.RFC7662Config{Issuer: "https://as.test"}
	audience = core.RFC7662Config{Audience: []string{"https://rs.test", "rs"}}
)

var instant = regexp.MustCompile(`@[+-]?\d*`)

// answer is an active answer with members in which @ stands for now, and @+n or @-n for n seconds after or before.
func answer(t *testing.T, members string) string {
	t.Helper()
	now := time.Now().Unix()
	body := strings.TrimSuffix(`{"active":true,`+instant.ReplaceAllStringFunc(members, func(s string) string {
		delta, _ := strconv.ParseInt(s[1:], 10, 64)
		return strconv.FormatInt(now+delta, 10)
	}), ",") + "}"
	if !json.Valid([]byte(body)) {
		t.Fatalf("%s is not JSON", body)
	}
	return body
}

// D5: MobileFirst answers carry no audience and no issuer, and none is asked for.
func TestMobileFirstHasNoAudience(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, `{"active":true,"aud":"https://other.test","iss":"https://other.test"}`)
	if _, d := mobileFirst(t, srv).Authorize(t.Context(), bearer(t1), core.Authenticated()); d != nil {
		t.Errorf("got %s, want ok", outcome(d))
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
			if got := fmt.Sprint(mfp.Check(tt.need)); got != tt.mfp {
				t.Errorf("MobileFirst: got %s, want %s", got, tt.mfp)
			}
			want := strings.ReplaceAll(tt.rfc, "same", tt.mfp)
			if got := fmt.Sprint(rfc.Check(tt.need)); got != want {
				t.Errorf("RFC 7662: got %s, want %s", got, want)
			}
		})
	}
	var none *core.Verifier
	if got, want := fmt.Sprint(none.Check(core.Authenticated())), "core: the Verifier is nil: check the error of core.New"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A requirement that nobody has checked lets nobody in, and gets into no challenge.
func TestUncheckedRequirement(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, active)
	v := mobileFirst(t, srv)
	for _, need := range []core.Requirement{
		{}, core.Requirement{}.Optional(), core.AllOf(`a"b`), core.AllOf("a\r\nX-Evil: 1"), core.AllOf("a,b"), core.AllOf(""), core.AnyOf("\x00"),
	} {
		p, d := v.Authorize(t.Context(), bearer(t1), need)
		if outcome(d) != "503" || !errors.Is(d.Cause, core.ErrUnavailable) || p != (core.Principal{}) {
			t.Errorf("%+v: got %s for %v", need, outcome(d), p)
		}
	}
	if _, d := v.Authorize(t.Context(), nil, core.Requirement{}.Optional()); outcome(d) != "503" {
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
	if _, d := v.Authorize(t.Context(), bearer(t1), need); d != nil {
		t.Errorf("got %s, want ok", outcome(d))
	}
	core.AllOf("read").MaxAge(0).Optional()
	first := core.AllOf("read")
	_ = first.MaxAge(0)
	_, d := v.Authorize(t.Context(), bearer(t1), first)
	if d != nil || srv.Calls().Introspection != 1 {
		t.Errorf("MaxAge changed the requirement that it was called on: %s after %+v", outcome(d), srv.Calls())
	}
}
