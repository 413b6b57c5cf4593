package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// asEnv sets the variables of a complete RFC 7662 environment, changed by the given ones.
func asEnv(t *testing.T, change map[string]string) {
	t.Helper()
	set := map[string]string{
		"PROFILE": "rfc7662", "SERVER": "https://as.invalid/introspect", "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret",
		"CLIENT_SECRET_FILE": "", "CACHE_TTL": "", "NEGATIVE_TTL": "", "TIMEOUT": "", "CA_FILE": "", "INSECURE_HTTP": "",
		"AUTH": "", "TOKEN_URL": "", "TOKEN_SCOPE": "", "AUDIENCE": "any", "ISSUER": "",
	}
	for name, value := range change {
		set[name] = value
	}
	for name, value := range set {
		t.Setenv("MFPGUARD_"+name, value)
	}
}

// A mistake that New would find in a field is told with the variable that the field comes from.
func TestFromEnvNamesTheVariable(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  map[string]string
		want string
	}{
		{
			"a server that is http elsewhere",
			map[string]string{"SERVER": "http://as.example.com/introspect"},
			"core: MFPGUARD_SERVER is http:// to another host, which sends tokens in the clear: use https, or set MFPGUARD_INSECURE_HTTP=1",
		},
		{
			"a server with a fragment",
			map[string]string{"SERVER": "https://as.example.com/introspect#x"},
			"core: MFPGUARD_SERVER has a fragment, which an endpoint cannot have (RFC 6749 section 3.2)",
		},
		{"a timeout that is too long", map[string]string{"TIMEOUT": "2h"}, "core: MFPGUARD_TIMEOUT is 2h0m0s, want 1ms to 1h0m0s"},
		{
			"a timeout that is too long, with a token of our own",
			map[string]string{"TIMEOUT": "2h", "AUTH": "bearer", "TOKEN_URL": "https://as.invalid/token", "TOKEN_SCOPE": "introspect"},
			"core: MFPGUARD_TIMEOUT is 2h0m0s, want 1ms to 1h0m0s",
		},
		{"two mistakes", map[string]string{"TIMEOUT": "2h", "CACHE_TTL": "soon"}, `core: MFPGUARD_CACHE_TTL is "soon", want a duration such as 30s, or 0`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asEnv(t, tt.set)
			if _, err := core.FromEnv(); !strings.HasPrefix(fmt.Sprint(err), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// The audiences and the issuer of the environment are those that tokens are held against.
func TestFromEnvDecides(t *testing.T) {
	a := newAsker()
	for token, members := range map[string]string{
		"ours": `"aud":"b","iss":"https://as.test"`, "theirs": `"aud":"c","iss":"https://as.test"`,
		"anyones": `"aud":"any","iss":"https://as.test"`, "foreign": `"aud":"b","iss":"https://evil.test"`,
	} {
		a.set(token, `{"active":true,`+members+`}`)
	}
	for _, tt := range []struct {
		name string
		set  map[string]string
		want map[string]string // by token
	}{
		{"two audiences", map[string]string{"AUDIENCE": "a b"}, map[string]string{"ours": "ok", "theirs": "401", "anyones": "401", "foreign": "ok"}},
		{"any", nil, map[string]string{"ours": "ok", "theirs": "ok", "anyones": "ok"}},
		{"an issuer", map[string]string{"ISSUER": "https://as.test"}, map[string]string{"ours": "ok", "foreign": "401"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asEnv(t, tt.set)
			c, err := core.FromEnv()
			if err != nil {
				t.Fatal(err)
			}
			c.Transport = a
			v := verifier(t, c)
			for token, want := range tt.want {
				_, d := authorize(t.Context(), v, bearer(token), core.Authenticated())
				if got := outcome(d)[:min(3, len(outcome(d)))]; got != want {
					t.Errorf("%s: got %s, want %s", token, outcome(d), want)
				}
			}
		})
	}
}
