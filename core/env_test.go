package core_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// A missing or bad variable is one line that names it and the fix.
func TestFromEnv(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mfp := map[string]string{"SERVER": base, "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret"}
	rfc := map[string]string{
		"PROFILE": "rfc7662", "SERVER": "https://as.example.com/introspect", "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret", "AUDIENCE": "any",
	}
	own := map[string]string{
		"PROFILE": "rfc7662", "SERVER": "https://as.example.com/introspect", "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret", "AUDIENCE": "a b",
		"AUTH": "bearer", "TOKEN_URL": "https://as.example.com/token", "TOKEN_SCOPE": "introspect",
	}
	for _, tt := range []struct {
		name string
		base map[string]string
		set  map[string]string // "" takes a variable away
		want string
	}{
		{"MobileFirst", mfp, nil, ""},
		{"MobileFirst, by name", mfp, map[string]string{"PROFILE": "mobilefirst8"}, ""},
		{"all that is optional", mfp, map[string]string{"CACHE_TTL": "30s", "NEGATIVE_TTL": "0", "TIMEOUT": "2s", "INSECURE_HTTP": "1"}, ""},
		{"a secret file", mfp, map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": file}, ""},
		{"no server", mfp, map[string]string{"SERVER": ""}, "core: MFPGUARD_SERVER is not set"},
		{"no id", mfp, map[string]string{"CLIENT_ID": ""}, "core: MFPGUARD_CLIENT_ID is not set"},
		{"no secret", mfp, map[string]string{"CLIENT_SECRET": ""}, "core: MFPGUARD_CLIENT_SECRET is not set, and MFPGUARD_CLIENT_SECRET_FILE is not either"},
		{
			"two secrets", mfp,
			map[string]string{"CLIENT_SECRET_FILE": file},
			"core: MFPGUARD_CLIENT_SECRET and MFPGUARD_CLIENT_SECRET_FILE are both set: choose one",
		},
		{
			"a secret file that is not there", mfp,
			map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": "/nowhere/secret"},
			"core: MFPGUARD_CLIENT_SECRET_FILE cannot be read: open /nowhere/secret: no such file or directory",
		},
		{"an empty secret file", mfp, map[string]string{"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": empty}, "core: MFPGUARD_CLIENT_SECRET_FILE is empty"},
		{
			"a bad id", mfp,
			map[string]string{"CLIENT_ID": "a:b"},
			"core: MFPGUARD_CLIENT_ID contains a colon, which raw Basic credentials cannot carry: rename the client or use form-encoded Basic",
		},
		{
			"a bad secret", mfp,
			map[string]string{"CLIENT_SECRET": "can\nary"},
			"core: MFPGUARD_CLIENT_SECRET contains a control character (a line break at its end?)",
		},
		{
			"/az/v1 in the server", mfp,
			map[string]string{"SERVER": base + "/az/v1"},
			"core: MFPGUARD_SERVER already has /az/v1 on it: leave that off, want https://host:port/<runtime>/api",
		},
		{
			"http elsewhere", mfp,
			map[string]string{"SERVER": "http://mfp.example.com/mfp/api"},
			"core: MFPGUARD_SERVER is http:// to another host, which sends tokens in the clear: use https, or set MFPGUARD_INSECURE_HTTP=1",
		},
		{"http elsewhere, allowed", mfp, map[string]string{"SERVER": "http://mfp.example.com/mfp/api", "INSECURE_HTTP": "1"}, ""},
		{"an unknown profile", mfp, map[string]string{"PROFILE": "keycloak"}, `core: MFPGUARD_PROFILE is "keycloak", want mobilefirst8, mobilefirst7, curity or rfc7662`},
		{"a TTL without a unit", mfp, map[string]string{"CACHE_TTL": "30"}, `core: MFPGUARD_CACHE_TTL is "30", want a duration such as 30s, or 0`},
		{"a negative TTL", mfp, map[string]string{"NEGATIVE_TTL": "-1s"}, `core: MFPGUARD_NEGATIVE_TTL is "-1s", want a duration such as 30s, or 0`},
		{"a bad timeout", mfp, map[string]string{"TIMEOUT": "soon"}, `core: MFPGUARD_TIMEOUT is "soon", want a duration such as 30s, or 0`},
		{"a bad flag", mfp, map[string]string{"INSECURE_HTTP": "yes"}, `core: MFPGUARD_INSECURE_HTTP is "yes", want 1 or 0`},

		{"RFC 7662", rfc, nil, ""},
		{"RFC 7662, basic", rfc, map[string]string{"AUTH": "basic", "CLIENT_ID": "a:b"}, ""},
		{"RFC 7662, raw", rfc, map[string]string{"AUTH": "basic-raw", "ISSUER": "https://as.example.com"}, ""},
		{
			"RFC 7662, raw, a colon", rfc,
			map[string]string{"AUTH": "basic-raw", "CLIENT_ID": "a:b"},
			"core: MFPGUARD_CLIENT_ID contains a colon, which raw Basic credentials cannot carry: rename the client or use form-encoded Basic",
		},
		{"RFC 7662, post", rfc, map[string]string{"AUTH": "post"}, ""},
		{"RFC 7662, an unknown way", rfc, map[string]string{"AUTH": "mtls"}, `core: MFPGUARD_AUTH is "mtls", want basic, basic-raw, post, private_key_jwt, tls_client_auth or bearer`},
		{"RFC 7662, no audience", rfc, map[string]string{"AUDIENCE": ""}, "core: MFPGUARD_AUDIENCE is not set: name this service as the server does in aud, or any"},
		{"RFC 7662, a blank audience", rfc, map[string]string{"AUDIENCE": "  "}, "core: MFPGUARD_AUDIENCE is not set: name this service as the server does in aud, or any"},
		{"RFC 7662, no server", rfc, map[string]string{"SERVER": ""}, "core: MFPGUARD_SERVER is not set"},
		{"RFC 7662, bearer", own, nil, ""},
		{"RFC 7662, bearer, no token URL", own, map[string]string{"TOKEN_URL": ""}, "core: MFPGUARD_TOKEN_URL is not set"},
		{"RFC 7662, bearer, no scope", own, map[string]string{"TOKEN_SCOPE": ""}, ""}, // LG-08
		{
			"RFC 7662, bearer, a bad token URL", own,
			map[string]string{"TOKEN_URL": "as.example.com"},
			"core: MFPGUARD_TOKEN_URL has no scheme: put https:// in front",
		},
		{
			"RFC 7662, bearer, http", own,
			map[string]string{"TOKEN_URL": "http://as.example.com/token"},
			"core: MFPGUARD_TOKEN_URL is http:// to another host, which sends tokens in the clear: use https, or set MFPGUARD_INSECURE_HTTP=1",
		},
		{
			"RFC 7662, bearer, a bad scope", own,
			map[string]string{"TOKEN_SCOPE": `a"b`},
			`core: MFPGUARD_TOKEN_SCOPE has the character '"', which a scope cannot have (RFC 6749 section 3.3)`,
		},
		{
			"RFC 7662, bearer, a bad id", own,
			map[string]string{"CLIENT_ID": "a\n"},
			"core: MFPGUARD_CLIENT_ID contains a control character (a line break at its end?)",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{
				"PROFILE", "SERVER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "CACHE_TTL", "NEGATIVE_TTL",
				"TIMEOUT", "INSECURE_HTTP", "AUTH", "TOKEN_URL", "TOKEN_SCOPE", "AUDIENCE", "ISSUER",
			} {
				value := tt.base[name]
				if v, ok := tt.set[name]; ok {
					value = v
				}
				t.Setenv("MFPGUARD_"+name, value)
			}
			c, err := core.FromEnv()
			if got := strings.TrimPrefix(fmt.Sprint(err), "<nil>"); got != tt.want || strings.Contains(got, "\n") {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if err != nil {
				return
			}
			if _, err := core.New(c); err != nil {
				t.Errorf("New does not take it: %v", err)
			}
		})
	}
}

// What the variables say is what the Config has, and the secret file is read anew each time.
func TestFromEnvValues(t *testing.T) {
	srv := coretest.New()
	file := filepath.Join(t.TempDir(), "secret")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong\r\n")
	for name, value := range map[string]string{
		"SERVER": srv.BaseURL(), "CLIENT_ID": "test", "CLIENT_SECRET_FILE": file, "CACHE_TTL": "30s", "NEGATIVE_TTL": "0", "TIMEOUT": "2s",
	} {
		t.Setenv("MFPGUARD_"+name, value)
	}
	c, err := core.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if *c.CacheTTL != 30*time.Second || *c.NegativeTTL != 0 || c.Timeout != 2*time.Second || c.InsecureHTTP || c.ClientID != "test" {
		t.Errorf("got %+v", c)
	}
	write("test\n")
	c.Transport = srv.Transport()
	if err := verifier(t, c).Ready(t.Context()); err != nil {
		t.Errorf("the rotated secret was not read: %v", err)
	}
}
