package core_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// CN-07: a private authority is one setting, for both endpoints, and a mistake in it is told at once.
func TestCAFile(t *testing.T) {
	s := newServer(t, false, nil)
	good, bad := s.ca(t), filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		file      string
		transport http.RoundTripper
		want      string // in the error of New; "" is an answer
	}{
		{"the authority", good, nil, ""},
		{"no file", filepath.Join(t.TempDir(), "none.pem"), nil, "core: Config.CAFile cannot be read: open "},
		{"a file without a certificate", bad, nil, "core: Config.CAFile " + bad + " has no certificate in it: want PEM"},
		{"beside a transport", good, &http.Transport{}, "core: Config.CAFile and Config.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := core.New(core.Config{
				Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: s.URL + "/introspect", AnyAudience: true}),
				ClientID: "rs", ClientSecret: "s3cret", CAFile: tt.file, Transport: tt.transport,
			})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
					t.Errorf("New: %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := introspect(t.Context(), v, 2); err != nil {
				t.Error(err)
			}
		})
	}
}

// CN-07: the token that MobileFirst's introspection wants is fetched over the same connections.
func TestCAFileIsForOurOwnTokenToo(t *testing.T) {
	var paths []string
	s := newServer(t, false, func(_ http.ResponseWriter, r *http.Request) { paths = append(paths, r.URL.Path) })
	v := verifier(t, core.Config{Profile: core.MobileFirst8(s.URL + "/api"), ClientID: "rs", ClientSecret: "s3cret", CAFile: s.ca(t)})
	_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
	if len(paths) == 0 || paths[0] != "/api/az/v1/token" {
		t.Errorf("the server was asked for %v because of %v, want the token endpoint first", paths, d)
	}
}

// CN-07: the variable, for the verifier and for a token source of its own.
func TestCAFileFromEnv(t *testing.T) {
	s := newServer(t, false, nil)
	for _, auth := range []string{"basic", "bearer"} {
		for name, value := range map[string]string{
			"PROFILE": "rfc7662", "SERVER": s.URL + "/introspect", "AUDIENCE": "any", "CLIENT_ID": "rs", "CLIENT_SECRET": "s3cret",
			"AUTH": auth, "TOKEN_URL": s.URL + "/token", "TOKEN_SCOPE": "introspect", "CA_FILE": s.ca(t),
		} {
			if auth == "basic" && strings.HasPrefix(name, "TOKEN_") {
				value = ""
			}
			t.Setenv("MFPGUARD_"+name, value)
		}
		c, err := core.FromEnv()
		if err != nil {
			t.Fatal(err)
		}
		before := s.calls.Load()
		if err := introspect(t.Context(), verifier(t, c), 2); err != nil {
			t.Errorf("%s: %v", auth, err)
		}
		if n := s.calls.Load() - before; auth == "bearer" && n != 2 || auth == "basic" && n != 1 {
			t.Errorf("%s: %d requests", auth, n)
		}
	}
	for file, want := range map[string]string{
		"/nowhere/ca.pem":       "core: MFPGUARD_CA_FILE cannot be read: open /nowhere/ca.pem: no such file or directory",
		"connection_ca_test.go": "core: MFPGUARD_CA_FILE connection_ca_test.go has no certificate in it: want PEM",
	} {
		t.Setenv("MFPGUARD_CA_FILE", file)
		if _, err := core.FromEnv(); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("FromEnv: %v, want %q", err, want)
		}
	}
}

// CN-07: the error of a certificate from an unknown authority names the setting.
func TestAnUnknownAuthorityNamesTheSetting(t *testing.T) {
	s := newServer(t, false, nil)
	src, err := tokensource.New(tokensource.Config{TokenURL: s.URL + "/token", ClientID: "job", ClientSecret: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "CAFile (MFPGUARD_CA_FILE)") {
		t.Errorf("Token: %v, want the setting's name", err)
	}
	v := verifier(t, core.Config{Profile: core.MobileFirst8(s.URL + "/api"), ClientID: "rs", ClientSecret: "s3cret"})
	if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d == nil || !strings.Contains(d.Cause.Error(), "CAFile (MFPGUARD_CA_FILE)") {
		t.Errorf("Authorize: %v, want the setting's name", d)
	}
	if s.calls.Load() != 0 {
		t.Error("a server that proves nothing got a request")
	}
}
