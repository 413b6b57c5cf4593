package interop_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// These tests pin what a real oidc-provider does, without mfpguard. The others rely on it.

// assertion is a JWT with which c authenticates at s (RFC 7523 section 3).
func assertion(t *testing.T, s *server, c client, algorithm jose.SignatureAlgorithm, change func(*jwt.Claims)) string {
	t.Helper()
	_, id := clientKeys.signer(algorithm)
	return assertionWithID(t, s, c, algorithm, id, change)
}

// assertionWithID is an assertion with another "kid", "" for none.
func assertionWithID(t *testing.T, s *server, c client, algorithm jose.SignatureAlgorithm, id string, change func(*jwt.Claims)) string {
	t.Helper()
	now := time.Now()
	claims := jwt.Claims{
		Issuer: c.ID, Subject: c.ID, Audience: jwt.Audience{s.issuer}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}
	if change != nil {
		change(&claims)
	}
	key, _ := clientKeys.signer(algorithm)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// answer is what an endpoint answered.
type answer struct {
	status int
	kind   string // Content-Type
	body   []byte
}

// member returns a member of a JSON answer.
func (a answer) member(name string) any {
	var o map[string]any
	json.Unmarshal(a.body, &o)
	return o[name]
}

// ask posts a form that has names and values in turn.
func ask(t *testing.T, via *http.Client, to, accept string, pairs ...string) answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", accept)
	return send(t, via, r)
}

func send(t *testing.T, via *http.Client, r *http.Request) answer {
	t.Helper()
	res, err := via.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Content-Type"), body}
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// askWithKey asks about a token, and authenticates with an assertion.
func askWithKey(t *testing.T, s *server, token, accept, assertion string) answer {
	t.Helper()
	return ask(t, http.DefaultClient, s.introspection, accept,
		"token", token, "client_assertion_type", jwtBearer, "client_assertion", assertion)
}

// oidc-provider takes each assertion once, and "aud" may be the issuer or an endpoint. SV-05,
// CC-49..53, A75
func TestProviderTakesAssertions(t *testing.T) {
	s := theProvider()
	token := s.mint(t, service, "read", "")
	for _, algorithm := range algorithms {
		c := keyClient(algorithm)
		good := assertion(t, s, c, algorithm, nil)
		tests := []struct {
			name, assertion string
			status          int
		}{
			{"a good one", good, 200},
			{"the same once more", good, 401},
			{"for the token endpoint", assertion(t, s, c, algorithm, func(c *jwt.Claims) { c.Audience = jwt.Audience{s.token} }), 200},
			{"for the endpoint itself", assertion(t, s, c, algorithm, func(c *jwt.Claims) { c.Audience = jwt.Audience{s.introspection} }), 200},
			{"for another server", assertion(t, s, c, algorithm, func(c *jwt.Claims) { c.Audience = jwt.Audience{"https://other.example"} }), 401},
			{"of another issuer", assertion(t, s, c, algorithm, func(c *jwt.Claims) { c.Issuer = "other" }), 401},
			{"without an end", assertion(t, s, c, algorithm, func(c *jwt.Claims) { c.Expiry = nil }), 401},
			{"past its end", assertion(t, s, c, algorithm, func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(time.Now().Add(-time.Minute)) }), 401},
			{"without jti", assertion(t, s, c, algorithm, func(c *jwt.Claims) { c.ID = "" }), 401},
			{"with another algorithm than registered", assertion(t, s, c, next(algorithm), nil), 401},
		}
		for _, tt := range tests {
			t.Run(string(algorithm)+" "+tt.name, func(t *testing.T) {
				if a := askWithKey(t, s, token, "application/json", tt.assertion); a.status != tt.status || (a.status == 200) != (a.member("active") == true) {
					t.Errorf("the answer is %d %s, want %d", a.status, a.body, tt.status)
				}
			})
		}
	}
}

// next is another algorithm.
func next(algorithm jose.SignatureAlgorithm) jose.SignatureAlgorithm {
	if algorithm == jose.RS256 {
		return jose.PS256
	}
	return jose.RS256
}

// The "kid" must be the one that the client registered. A client that registered none must send
// none. SV-05, CC-54
func TestProviderComparesKeyIDs(t *testing.T) {
	s := theProvider()
	for _, tt := range []struct {
		name   string
		client client
		id     string
		status int
	}{
		{"the registered one", keyClient(jose.ES256), "client-ecdsa", 200},
		{"another one", keyClient(jose.ES256), "other", 401},
		{"none", keyClient(jose.ES256), "", 200},
		{"one where none is registered", unnamedKey, "client-ecdsa", 401},
		{"none where none is registered", unnamedKey, "", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own := assertionWithID(t, s, tt.client, jose.ES256, tt.id, nil)
			if a := askWithKey(t, s, "nobody-s-token", "application/json", own); a.status != tt.status {
				t.Errorf("the answer is %d %s, want %d", a.status, a.body, tt.status)
			}
		})
	}
}
