package interop_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/core"
)

// signedClient is a client with a secret whose answers are signed with an algorithm.
func signedClient(algorithm jose.SignatureAlgorithm) client {
	c := newClient("signed-"+string(algorithm), "a-secret-of-32-bytes-for-answers")
	c.Metadata = map[string]any{"introspection_signed_response_alg": algorithm}
	return c
}

func signedClients() (all []client) {
	for _, algorithm := range algorithms {
		all = append(all, signedClient(algorithm))
	}
	return all
}

// signedProfile is a guard of s that takes signed answers only, and whose answers are for c.
func signedProfile(t *testing.T, s *server, c client) (core.RFC7662Config, core.Config) {
	t.Helper()
	profile, config := config(s, c)
	profile.Issuer, profile.JWTAnswers = s.issuer, &core.JWTAnswers{JWKSURL: discovered(t, s, true).JWKSURL}
	return profile, config
}

// Answers in each algorithm are read, and all of them need the keys once. SV-06, JI-01 to JI-06, JI-10
func TestSignedAnswers(t *testing.T) {
	s := theProvider()
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			profile, c := signedProfile(t, s, signedClient(algorithm))
			calls := &counter{}
			c.Transport = calls
			v := newVerifier(t, profile, c)
			if err := v.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			token := s.mint(t, service, "read", audience)
			res, p := request(t, v, read, token)
			if res.StatusCode != http.StatusOK || p.ClientID() != service.ID || p.Issuer() != s.issuer || len(p.Audience()) != 1 || p.Audience()[0] != audience {
				t.Errorf("status %d for the client %q of %q at %q", res.StatusCode, p.ClientID(), p.Issuer(), p.Audience())
			}
			wantStatus(t, v, core.AllOf("write"), token, http.StatusForbidden)
			wantStatus(t, v, read, s.user, http.StatusOK)
			wantStatus(t, v, read, "nobody-s-token", http.StatusUnauthorized)
			s.revoke(t, service, token)
			wantStatus(t, v, read.MaxAge(0), token, http.StatusUnauthorized)
			calls.want(t, profile.JWTAnswers.JWKSURL, 1)
		})
	}
}

// What cannot be trusted is no answer: 503, and Ready says why. SV-06, JI-02, JI-04, JI-05, JI-06,
// A76
func TestSignedAnswersThatCannotBeTrusted(t *testing.T) {
	s, zitadel := theProvider(), newZitadel(t)
	tests := []struct {
		name   string
		change func(*core.RFC7662Config)
		want   string
	}{
		{"for another service", func(p *core.RFC7662Config) { p.JWTAnswers.Audience = "other-api" }, "another service"},
		{"of another issuer", func(p *core.RFC7662Config) { p.Issuer += "/" }, "another issuer"},
		{"with another server's keys", func(p *core.RFC7662Config) { p.JWTAnswers.JWKSURL = zitadel.issuer + "/keys" }, "signature"},
		{"where there are no keys", func(p *core.RFC7662Config) { p.JWTAnswers.JWKSURL = s.issuer + "/no" }, "keys"},
		{"where there is something else", func(p *core.RFC7662Config) { p.JWTAnswers.JWKSURL = s.issuer + "/.well-known/openid-configuration" }, "keys"},
		{"that are not signed", func(p *core.RFC7662Config) { p.IntrospectionURL = servers[0].introspection }, "not signed"},
	}
	zitadel.storage.rotate(newKeys("zitadel"), jose.ES256)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			profile, c := signedProfile(t, s, signedClient(jose.ES256))
			if tt.want == "not signed" {
				c.ClientID, c.ClientSecret = service.ID, "orders-secret" // fosite knows this one
			}
			tt.change(&profile)
			v := newVerifier(t, profile, c)
			if err := v.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("not ready because %v, want %q", err, tt.want)
			}
			wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusServiceUnavailable)
		})
	}
}

// The keys of a server that rotates them are got again for the first answer with a new one, and no
// request notices. SV-08
func TestSignedAnswersAfterARotation(t *testing.T) {
	owner := signedClient(jose.ES256)
	p := newProvider(t, providerConfig{Clients: append(clients(), owner), JWKS: privateKeys(newKeys("old"))})
	profile, c := signedProfile(t, p.server, owner)
	calls := &counter{}
	c.Transport = calls
	v := newVerifier(t, profile, c)
	for i := range 2 {
		if i > 0 {
			p.rotate(t, privateKeys(newKeys(fmt.Sprint("new", i))))
		}
		for range 3 {
			wantStatus(t, v, read, p.mint(t, service, "read", ""), http.StatusOK)
		}
		calls.want(t, profile.JWTAnswers.JWKSURL, i+1)
	}
	// Keys that change again within five minutes are not asked for: strangers could cause that.
	p.rotate(t, privateKeys(newKeys("newer")))
	for range 3 {
		wantStatus(t, v, read, p.mint(t, service, "read", ""), http.StatusServiceUnavailable)
	}
	calls.want(t, profile.JWTAnswers.JWKSURL, 2)
}
