package interop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// zitadel introspects opaque tokens and JWTs alike. IN-17, IN-18
func TestGuardAtZitadel(t *testing.T) {
	s := newZitadel(t)
	v, _ := newGuard(t, s.server)
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, jwts := range []bool{false, true} {
		s.storage.jwts.Store(jwts)
		token := s.mint(t, service, "openid read", "")
		res, p := request(t, v, read, token)
		if res.StatusCode != http.StatusOK || p.Subject() != service.ID || p.Scope() != "openid read" {
			t.Errorf("the guard answers %d, for %q with %q", res.StatusCode, p.Subject(), p.Scope())
		}
		wantStatus(t, v, core.AllOf("write"), token, http.StatusForbidden)
		wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusOK) // an answer without sub and client_id
		wantStatus(t, v, read, half(token), http.StatusUnauthorized)
	}
}

// What zitadel refuses it refuses with 401 and plain text. It takes a secret in the form at its
// token endpoint only. IN-32
func TestOurOwnMistakesAtZitadel(t *testing.T) {
	s := newZitadel(t)
	for name, change := range map[string]func(*core.RFC7662Config, *core.Config){
		"a wrong secret":       func(_ *core.RFC7662Config, c *core.Config) { c.ClientSecret = "canary-wrong" },
		"an unknown client":    func(_ *core.RFC7662Config, c *core.Config) { c.ClientID = "stranger" },
		"a secret in the form": func(p *core.RFC7662Config, _ *core.Config) { p.ClientAuth = tokensource.Post },
	} {
		t.Run(name, func(t *testing.T) {
			profile, c := config(s.server, service)
			change(&profile, &c)
			v := newVerifier(t, profile, c)
			wantNotReady(t, v, core.EndpointError{Endpoint: "introspection", URL: s.introspection, Status: http.StatusUnauthorized}, "does not accept our credentials")
			wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusServiceUnavailable)
		})
	}
}

// Its metadata lists no secret in the form for the introspection endpoint, so New refuses that.
// SV-07, MD-11
func TestMetadataOfZitadelListAuthentication(t *testing.T) {
	s := newZitadel(t)
	_, c := config(s.server, service)
	c.Profile = core.RFC7662(core.RFC7662Config{Metadata: discovered(t, s.server, true), ClientAuth: tokensource.Post, AnyAudience: true})
	if _, err := core.New(c); err == nil || !strings.Contains(err.Error(), "client_secret_basic") {
		t.Errorf("New: %v, want an error with what the server lists", err)
	}
}
