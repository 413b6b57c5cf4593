package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// A Guard that no Verifier has made is a mistake of the program: it lets no one in, and blames no token.
func TestGuardOfNoVerifier(t *testing.T) {
	for name, g := range map[string]*core.Guard{"nil": nil, "zero": {}} {
		for credentials, values := range map[string][]string{"a token": bearer(t1), "no token": nil, "two tokens": {"Bearer a", "Bearer b"}} {
			p, d := g.Authorize(t.Context(), core.Request{Authorization: values})
			if p != (core.Principal{}) || d == nil {
				t.Errorf("%s, %s: got %v and %v", name, credentials, p, d)
				continue
			}
			if outcome(d) != "503" || !errors.Is(d.Cause, core.ErrUnavailable) || errors.Is(d.Cause, core.ErrInvalidToken) || !strings.Contains(d.Cause.Error(), "Verifier.Guard") {
				t.Errorf("%s, %s: got %s because of %v", name, credentials, outcome(d), d.Cause)
			}
			if got := fmt.Sprint(d.Header, d.Body); got != `[{Cache-Control no-store} {Content-Type application/json} {Retry-After 5}]{"error":"temporarily_unavailable"}` {
				t.Errorf("%s, %s: got %s", name, credentials, got)
			}
		}
	}
}

// RFC 6750 section 3.1: a token that is not valid is told so, and never what scope the route asks
// for, when the server was asked and again when the answer is remembered. A good one that lacks the
// scope is told the scope.
func TestValidityComesBeforeScope(t *testing.T) {
	const invalid = `401 Bearer realm="api", error="invalid_token"`
	for _, tt := range []struct{ name, answer, want string }{
		{"inactive", `{"active":false}`, invalid},
		{"of another type", `{"active":true,"aud":"rs","iss":"i","token_type":"DPoP"}`, invalid},
		{"a refresh token", `{"active":true,"aud":"rs","iss":"i","typ":"Refresh"}`, invalid},
		{"an ID token", `{"active":true,"aud":"rs","iss":"i","typ":"ID"}`, invalid},
		{"bound to a key", `{"active":true,"aud":"rs","iss":"i","cnf":{}}`, invalid},
		{"expired", `{"active":true,"aud":"rs","iss":"i","exp":1}`, invalid},
		{"not valid yet", `{"active":true,"aud":"rs","iss":"i","nbf":9999999999}`, invalid},
		{"issued in the future", `{"active":true,"aud":"rs","iss":"i","iat":9999999999}`, invalid},
		{"of another issuer", `{"active":true,"aud":"rs","iss":"x"}`, invalid},
		{"of no issuer", `{"active":true,"aud":"rs"}`, invalid},
		{"for another service", `{"active":true,"aud":"x","iss":"i"}`, invalid},
		{"for no service", `{"active":true,"iss":"i"}`, invalid},
		{"good but for its scope", `{"active":true,"aud":"rs","iss":"i","scope":"read"}`, `403 Bearer realm="api", error="insufficient_scope", scope="admin root"`},
		{"good", `{"active":true,"aud":"rs","iss":"i","scope":"root admin"}`, "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker()
				a.set(t1, tt.answer)
				v := rfc7662(t, a, withProfile(core.RFC7662(core.RFC7662Config{
					IntrospectionURL: "https://as.invalid/introspect", Audience: []string{"rs"}, Issuer: "i",
				})))
				for _, when := range []string{"asked", "remembered"} {
					p, d := authorize(t.Context(), v, bearer(t1), core.AllOf("admin", "root"))
					if got := outcome(d); got != tt.want {
						t.Errorf("%s: got %s, want %s", when, got, tt.want)
					}
					if (p != core.Principal{}) != (d == nil) {
						t.Errorf("%s: got a Principal: %v, and a Denial: %v", when, p != core.Principal{}, d != nil)
					}
				}
			})
		})
	}
}

// A skew of more than a minute counts for "iat" as it does for "nbf".
func TestSkewOfMoreThanAMinute(t *testing.T) {
	for members, want := range map[string]string{
		`"iat":@+120`: "ok", `"iat":@+121`: `401 Bearer realm="api", error="invalid_token"`, `"nbf":@+120`: "ok",
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newAsker()
			a.set(t1, answer(t, members))
			v := rfc7662(t, a, func(c *core.Config) { c.Skew = 2 * time.Minute })
			if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); outcome(d) != want {
				t.Errorf("%s: got %s, want %s", members, outcome(d), want)
			}
		})
	}
}

// Each refusal is its caller's own, also when callers are refused for the same reason by the same Guard.
func TestDenialsAreNotShared(t *testing.T) {
	a := newAsker()
	v := rfc7662(t, a)
	g, err := v.Guard(core.AllOf("admin"))
	if err != nil {
		t.Fatal(err)
	}
	a.set("poor", `{"active":true}`)
	for name, values := range map[string][]string{"none": nil, "malformed": {"Bearer"}, "ambiguous": {"a", "b"}, "inactive": bearer("bad"), "poor": bearer("poor")} {
		_, first := g.Authorize(t.Context(), core.Request{Authorization: values})
		want := fmt.Sprint(first.Status, first.Header, first.Body)
		for i := range first.Header {
			first.Header[i] = core.Field{Name: "X-Evil", Value: "1"}
		}
		_ = append(first.Header, core.Field{Name: "X-Evil", Value: "1"})
		first.Status, first.Body = 200, ""
		_, second := g.Authorize(t.Context(), core.Request{Authorization: values})
		if got := fmt.Sprint(second.Status, second.Header, second.Body); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
