package core_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

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
		{name: "nbf ahead by the leeway", members: `"nbf":@+60`, want: "ok"},                                            // JL-04
		{name: "nbf ahead by more than the leeway", members: `"nbf":@+61`, want: invalid},                               // IN-51, JL-04
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
					_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
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

// An empty list is none, as a program gets it from a file: AnyAudience then means what it says.
func TestEmptyAudience(t *testing.T) {
	for _, profile := range []core.Profile{
		core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://as.invalid/introspect", Audience: []string{}, AnyAudience: true}),
		core.Curity(core.CurityConfig{IntrospectionURL: "https://as.invalid/introspect", Audience: []string{}, AnyAudience: true}),
	} {
		a := newAsker()
		a.set("t", accepted("read"))
		if _, d := authorize(t.Context(), rfc7662(t, a, withProfile(profile)), bearer("t"), core.Authenticated()); d != nil {
			t.Error(d.Cause)
		}
	}
}

// D5: MobileFirst answers carry no audience and no issuer, and none is asked for.
func TestMobileFirstHasNoAudience(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, `{"active":true,"aud":"https://other.test","iss":"https://other.test"}`)
	if _, d := authorize(t.Context(), mobileFirst(t, srv), bearer(t1), core.Authenticated()); d != nil {
		t.Errorf("got %s, want ok", outcome(d))
	}
}
