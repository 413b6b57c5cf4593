package interop_test

import (
	"net/http"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// As in assertion_test.go: what the server does, without mfpguard.

// The server shows one key, and what signs its tokens is that one, before and after a rotation.
// SV-07, SV-08
func TestZitadelRotatesKeys(t *testing.T) {
	s := newZitadel(t)
	s.storage.jwts.Store(true)
	m := discover(t, http.DefaultClient, s.server)
	if m.Issuer != s.issuer || m.Token != s.token || m.Introspection != s.introspection {
		t.Fatalf("the metadata are %+v", m)
	}
	for _, algorithm := range algorithms {
		s.storage.rotate(newKeys("new"), algorithm)
		var set jose.JSONWebKeySet
		fetch(t, http.DefaultClient, m.JWKS, &set)
		signed, err := jose.ParseSignedCompact(s.mint(t, service, "openid read", ""), algorithms)
		if err != nil {
			t.Fatal(err)
		}
		header := signed.Signatures[0].Protected
		if len(set.Keys) != 1 || header.KeyID != set.Keys[0].KeyID || header.Algorithm != string(algorithm) {
			t.Fatalf("the keys are %+v, the header is %+v", set.Keys, header)
		}
		if _, err := signed.Verify(set.Keys[0]); err != nil {
			t.Error(err)
		}
	}
}

// Unlike oidc-provider, zitadel introspects its JWTs as well, takes an assertion twice, and knows
// no EdDSA of clients.
func TestZitadelIntrospects(t *testing.T) {
	s := newZitadel(t)
	for _, jwts := range []bool{false, true} {
		s.storage.jwts.Store(jwts)
		token := s.mint(t, service, "openid read", "")
		for _, algorithm := range algorithms {
			own := assertion(t, s.server, keyClient(algorithm), algorithm, nil)
			for range 2 {
				a := askWithKey(t, s.server, token, "application/json", own)
				want := http.StatusOK
				if algorithm == jose.EdDSA {
					want = http.StatusUnauthorized
				}
				if a.status != want || (want == 200 && (a.member("active") != true || a.member("sub") != service.ID || a.member("iss") != nil)) {
					t.Errorf("%s: the answer is %d %q %s", algorithm, a.status, a.kind, a.body)
				}
			}
		}
	}
}
