package interop_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

const signedType = "application/token-introspection+jwt"

// fetch reads a JSON document.
func fetch(t *testing.T, via *http.Client, url string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := send(t, via, r)
	if err := json.Unmarshal(a.body, into); err != nil || a.status != http.StatusOK {
		t.Fatalf("%s answers %d %q: %v", url, a.status, a.body, err)
	}
}

// metadata is what mfpguard reads of a discovery document.
type metadata struct {
	Issuer        string `json:"issuer"`
	Token         string `json:"token_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	JWKS          string `json:"jwks_uri"`
}

// discover reads the discovery document of s, OpenID Connect's.
func discover(t *testing.T, via *http.Client, s *server) (m metadata) {
	t.Helper()
	fetch(t, via, s.issuer+"/.well-known/openid-configuration", &m)
	return m
}

// opened is a signed answer (RFC 9701 section 5).
type opened struct {
	header jose.Header
	claims struct {
		Issuer   string         `json:"iss"`
		Audience any            `json:"aud"`
		Issued   int64          `json:"iat"`
		Subject  *string        `json:"sub"`
		Expiry   *int64         `json:"exp"`
		Token    map[string]any `json:"token_introspection"`
	}
}

// open checks the signature of an answer with the keys of s.
func open(t *testing.T, s *server, a answer) (o opened) {
	t.Helper()
	if a.status != http.StatusOK || a.kind != signedType+"; charset=utf-8" {
		t.Fatalf("the answer is %d %q %s", a.status, a.kind, a.body)
	}
	signed, err := jose.ParseSignedCompact(string(a.body), algorithms)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	fetch(t, http.DefaultClient, discover(t, http.DefaultClient, s).JWKS, &set)
	o.header = signed.Signatures[0].Protected
	key := set.Key(o.header.KeyID)
	if len(key) != 1 {
		t.Fatalf("%d keys have the id %q", len(key), o.header.KeyID)
	}
	payload, err := signed.Verify(key[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &o.claims); err != nil {
		t.Fatal(err)
	}
	return o
}

// The "aud" of a signed answer is the client that asked, as one string, whatever the token's own
// "aud" is. SV-06, JI-01, JI-03..05, JI-10
func TestProviderSignsAnswers(t *testing.T) {
	s := theProvider()
	for _, algorithm := range algorithms {
		c := keyClient(algorithm)
		for _, tt := range []struct {
			name, token string
			active      bool
		}{
			{"active", s.mint(t, service, "read", audience), true},
			{"inactive", "nobody-s-token", false},
		} {
			t.Run(string(algorithm)+" "+tt.name, func(t *testing.T) {
				o := open(t, s, askWithKey(t, s, tt.token, signedType, assertion(t, s, c, algorithm, nil)))
				if o.header.Algorithm != string(algorithm) || o.header.ExtraHeaders["typ"] != "token-introspection+jwt" {
					t.Errorf("the header is %+v", o.header)
				}
				if o.claims.Issuer != s.issuer || o.claims.Audience != c.ID || o.claims.Issued == 0 || o.claims.Subject != nil || o.claims.Expiry != nil {
					t.Errorf("the claims are %+v", o.claims)
				}
				if o.claims.Token["active"] != tt.active {
					t.Errorf("the answer is %v", o.claims.Token)
				}
			})
		}
	}
}

// Only the Accept field decides, so each client gets plain answers as well. JI-02
func TestProviderSignsOnRequest(t *testing.T) {
	s := theProvider()
	token := s.mint(t, service, "read", "")
	for accept, signed := range map[string]bool{
		"application/json": false, "*/*": false, signedType: true, signedType + ", application/json": true, "application/json, " + signedType: false,
	} {
		a := askWithKey(t, s, token, accept, assertion(t, s, keyClient(jose.ES256), jose.ES256, nil))
		if a.status != http.StatusOK || (a.kind == signedType+"; charset=utf-8") != signed {
			t.Errorf("Accept: %s gets %d %q", accept, a.status, a.kind)
		}
	}
}

// A JWT of its own gets a plain error, also where a signed answer was asked for.
func TestProviderRefusesToIntrospectItsJWTs(t *testing.T) {
	s := theProvider()
	token := s.mint(t, service, "read", jwtAudience)
	for _, accept := range []string{"application/json", signedType} {
		a := askWithKey(t, s, token, accept, assertion(t, s, keyClient(jose.ES256), jose.ES256, nil))
		if a.status != http.StatusBadRequest || a.member("error") != "unsupported_token_type" {
			t.Errorf("the answer is %d %s", a.status, a.body)
		}
	}
}
