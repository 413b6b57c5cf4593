package coretest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/selfsigned"
)

// CC-53, CC-54: assertions by each kind of key, each of which counts once. The product signs them.
func TestAssertions(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range map[string]crypto.Signer{"RS256": r, "PS256": r, "ES256": e, "EdDSA": assertionKey} {
		srv := coretest.New()
		srv.SetClient(coretest.Client{ID: "rs", PublicKey: key.Public()})
		assertion, err := jose.Sign(key, jose.Header{Algorithm: algorithm}, fmt.Appendf(nil,
			`{"iss":"rs","sub":"rs","aud":"https://mfp.invalid","jti":"1","exp":%d}`, time.Now().Add(time.Minute).Unix()))
		if err != nil {
			t.Fatal(err)
		}
		body := form("grant_type", "client_credentials", "client_assertion", assertion,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		if a := post(t, srv, "/oauth2/token", "", body); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", algorithm, a.status, a.body)
		}
		if a := post(t, srv, "/oauth2/token", "", body); a.status != http.StatusUnauthorized || a.member(t, "error_description") != `"jti was used before"` {
			t.Errorf("%s, again: %d %s", algorithm, a.status, a.body)
		}
		srv.SetClient(coretest.Client{ID: "rs", Secret: "s3cret"})
		if a := post(t, srv, "/oauth2/token", "", body); a.member(t, "error_description") != `"the signature is not by the registered key"` {
			t.Errorf("%s, without a registered key: %d %s", algorithm, a.status, a.body)
		}
	}
}

// CC-54: a PS256 signature with a salt of another length than the hash is not one of RFC 7518.
func TestAssertionSalt(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	srv := coretest.New()
	srv.SetClient(coretest.Client{ID: "rs", PublicKey: key.Public()})
	for salt, want := range map[int]int{rsa.PSSSaltLengthEqualsHash: http.StatusOK, rsa.PSSSaltLengthAuto: http.StatusUnauthorized} {
		claims := fmt.Sprintf(`{"iss":"rs","sub":"rs","aud":"https://mfp.invalid","jti":"%d","exp":%d}`, salt, time.Now().Add(time.Minute).Unix())
		text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"PS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		a := post(t, srv, "/oauth2/token", "", form("grant_type", "client_credentials",
			"client_assertion", text+"."+base64.RawURLEncoding.EncodeToString(signature),
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
		if a.status != want {
			t.Errorf("salt %d: %d %s, want %d", salt, a.status, a.body, want)
		}
	}
}

// CC-56: the certificate of the connection and the client_id.
func TestCertificates(t *testing.T) {
	srv := coretest.NewTLSServer()
	defer srv.Close()
	srv.SetClient(coretest.Client{ID: "rs", CertificateName: "rs.example.com"})
	srv.SetClient(coretest.Client{ID: "other", Secret: "s3cret"})
	now := time.Now()
	for _, tt := range []struct {
		name, id, host string
		from           time.Time
		want           int
	}{
		{"the registered name", "rs", "rs.example.com", now.Add(-time.Hour), 200},
		{"another name", "rs", "other.example.com", now.Add(-time.Hour), 401},
		{"not valid yet", "rs", "rs.example.com", now.Add(time.Minute), 401},
		{"a client without a name", "other", "rs.example.com", now.Add(-time.Hour), 401},
	} {
		cert, err := selfsigned.Certificate(tt.from, now.Add(time.Hour), tt.host)
		if err != nil {
			t.Fatal(err)
		}
		transport := srv.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = []tls.Certificate{cert}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		res, err := client.PostForm(srv.EndpointURL(coretest.RFC7662, coretest.Token), url.Values{"grant_type": {"client_credentials"}, "client_id": {tt.id}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, res.StatusCode, tt.want)
		}
	}
}

// A token is for the server that issued it.
func TestTokensOfDialects(t *testing.T) {
	srv := coretest.New()
	for _, of := range []coretest.Dialect{coretest.MobileFirst8, coretest.MobileFirst7, coretest.Curity, coretest.RFC7662} {
		token := srv.Mint(coretest.Grant{Dialect: of})
		for _, at := range []coretest.Dialect{coretest.Curity, coretest.RFC7662} {
			if got := askAt(t, srv, at, token, ""); (got != `{"active":false}`) != (of == at) {
				t.Errorf("a token of %v at %v: %s", of, at, got)
			}
		}
		if got := introspect(t, srv, caller(t, srv), token).body; (got != `{"active":false}`) != (of == coretest.MobileFirst8) {
			t.Errorf("a token of %v at MobileFirst 8: %s", of, got)
		}
	}
}
