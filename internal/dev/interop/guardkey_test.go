package interop_test

import (
	"context"
	"crypto"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// keyed is a guard of s that authenticates with a key.
func keyed(s *server, algorithm jose.SignatureAlgorithm) (core.RFC7662Config, core.Config) {
	return core.RFC7662Config{IntrospectionURL: s.introspection, AnyAudience: true},
		core.Config{ClientID: keyClient(algorithm).ID, ClientAssertion: ownAssertion(s, algorithm)}
}

// Each question has an assertion of its own, because oidc-provider takes none twice; with plain
// answers and signed ones. SV-05, SV-06, CC-49..54
func TestGuardWithAKey(t *testing.T) {
	s := theProvider()
	for _, algorithm := range algorithms {
		for _, signed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, signed answers %t", algorithm, signed), func(t *testing.T) {
				profile, c := keyed(s, algorithm)
				if signed {
					profile.Issuer, profile.JWTAnswers = s.issuer, &core.JWTAnswers{JWKSURL: discovered(t, s, true).JWKSURL}
				}
				v := newVerifier(t, profile, c)
				if err := v.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				token := s.mint(t, service, "read", "")
				for range 3 {
					wantStatus(t, v, read.MaxAge(0), token, http.StatusOK)
				}
				wantStatus(t, v, core.AllOf("write"), token, http.StatusForbidden)
				wantStatus(t, v, read, "nobody-s-token", http.StatusUnauthorized)
			})
		}
	}
}

// zitadel takes no EdDSA of clients. SV-05, CC-49..54
func TestGuardWithAKeyAtZitadel(t *testing.T) {
	s := newZitadel(t)
	for _, algorithm := range algorithms {
		profile, c := keyed(s.server, algorithm)
		v := newVerifier(t, profile, c)
		if algorithm == jose.EdDSA {
			wantNotReady(t, v, core.EndpointError{Endpoint: "introspection", URL: s.introspection, Status: http.StatusUnauthorized}, "credentials")
			continue
		}
		if err := v.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusOK)
	}
}

// A key or an assertion that the server refuses is our mistake: 503, and Ready says so. SV-05
func TestGuardWithAWrongKey(t *testing.T) {
	s := theProvider()
	other, _ := newKeys("other").signer(jose.ES256)
	for name, change := range map[string]func(*core.Config){
		"another key":         func(c *core.Config) { c.ClientAssertion.Key = other },
		"an unknown kid":      func(c *core.Config) { c.ClientAssertion.KeyID = "other" },
		"for another server":  func(c *core.Config) { c.ClientAssertion.Audience = "https://other.example" },
		"of another client":   func(c *core.Config) { c.ClientID = keyClient(jose.EdDSA).ID },
		"of a secret's owner": func(c *core.Config) { c.ClientID = service.ID },
	} {
		t.Run(name, func(t *testing.T) {
			profile, c := keyed(s, jose.ES256)
			change(&c)
			v := newVerifier(t, profile, c)
			wantNotReady(t, v, core.EndpointError{Endpoint: "introspection", URL: s.introspection, Status: http.StatusUnauthorized}, "does not accept our credentials")
			wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusServiceUnavailable)
		})
	}
}

// A key, and an assertion that was made elsewhere, are read at each use. SV-05
func TestKeyIsRotated(t *testing.T) {
	s := theProvider()
	good, _ := clientKeys.signer(jose.ES256)
	var now atomic.Pointer[crypto.Signer]
	wrong, _ := newKeys("other").signer(jose.ES256)
	now.Store(&wrong)
	profile, c := keyed(s, jose.ES256)
	c.ClientAssertion.Key = nil
	c.ClientAssertion.KeyFunc = func(context.Context) (crypto.Signer, error) { return *now.Load(), nil }
	v := newVerifier(t, profile, c)
	token := s.mint(t, service, "read", "")
	wantStatus(t, v, read, token, http.StatusServiceUnavailable)
	now.Store(&good)
	wantStatus(t, v, read, token, http.StatusOK)

	c.ClientAssertion = &tokensource.ClientAssertion{Func: func(context.Context) (tokensource.Secret, error) {
		return tokensource.Secret(assertion(t, s, keyClient(jose.ES256), jose.ES256, nil)), nil
	}}
	v = newVerifier(t, profile, c)
	for range 2 {
		wantStatus(t, v, read.MaxAge(0), token, http.StatusOK)
	}
}

// A call that is repeated after a 503 has another assertion. CC-53, A75
func TestGuardRepeatsWithANewAssertion(t *testing.T) {
	s := theProvider()
	f := newFront(t, s)
	profile, c := keyed(f.server, jose.ES256)
	wantStatus(t, newVerifier(t, profile, c), read, s.mint(t, service, "read", ""), http.StatusOK)
	f.want(t)
}

// Without Audience it is the issuer of the metadata, which also say where to ask. SV-05, SV-07,
// CC-51
func TestGuardOfMetadataWithAKey(t *testing.T) {
	zitadel := newZitadel(t)
	zitadel.storage.iss.Store(&zitadel.issuer)
	for _, s := range []*server{theProvider(), zitadel.server} {
		_, c := keyed(s, jose.ES256)
		c.ClientAssertion.Audience = ""
		v := newVerifier(t, core.RFC7662Config{Metadata: discovered(t, s, true), AnyAudience: true}, c)
		if err := v.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusOK)
	}
}
