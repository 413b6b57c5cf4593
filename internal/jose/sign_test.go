package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// CC-54: a valid JWS with "kid", for each algorithm and the key that it needs.
func TestSign(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		key      crypto.Signer
		asked    string
		want     string // "alg"
		mistaken string
	}{
		{"RSA", r, "", jose.RS256, ""},
		{"RSA with PSS", r, jose.PS256, jose.PS256, ""},
		{"ECDSA", e, "", jose.ES256, ""},
		{"Ed25519", ed, "", jose.EdDSA, ""},
		{"another curve", p384, "", "", "want P-256"},
		{"an algorithm of another key", e, jose.RS256, "", "cannot be used"},
		{"none", r, "none", "", "cannot be used"},
		{"a shared secret's algorithm", r, "HS256", "", "cannot be used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token, err := jose.Sign(tt.key, jose.Header{Algorithm: tt.asked, KeyID: "k1", Type: "JWT"}, []byte(`{"iss":"rs1"}`))
			if tt.mistaken != "" {
				if err == nil || !strings.Contains(err.Error(), tt.mistaken) {
					t.Fatalf("Sign: %v, want %q", err, tt.mistaken)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := gojose.ParseSignedCompact(token, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(tt.want)})
			if err != nil {
				t.Fatal(err)
			}
			payload, err := parsed.Verify(tt.key.Public())
			h := parsed.Signatures[0].Protected
			if err != nil || string(payload) != `{"iss":"rs1"}` || h.KeyID != "k1" || h.ExtraHeaders["typ"] != "JWT" {
				t.Errorf("payload %s, error %v, header %+v", payload, err, h)
			}
		})
	}
}

// The example of RFC 7638 section 3.1 is pinned by go-jose; here two keys differ and one does not.
func TestThumbprint(t *testing.T) {
	public, _, _ := ed25519.GenerateKey(rand.Reader)
	other, _, _ := ed25519.GenerateKey(rand.Reader)
	a, err := jose.Thumbprint(public)
	if err != nil || len(a) != 43 {
		t.Fatalf("%q, %v", a, err)
	}
	again, _ := jose.Thumbprint(public)
	b, _ := jose.Thumbprint(other)
	if a != again || a == b {
		t.Errorf("thumbprints %q, %q, %q", a, again, b)
	}
}

// CC-54: the salt of PS256 has the length that RFC 7518 section 3.5 demands. Strict servers accept no other.
func TestSignSaltsAsLongAsTheHash(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Sign(key, jose.Header{Algorithm: jose.PS256}, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	end := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(token[:end]))
	if err := rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}); err != nil {
		t.Error(err)
	}
}
