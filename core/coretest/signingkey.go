package coretest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
)

// signingKey signs the JWTs of a server. Its algorithm is RS256.
type signingKey struct {
	private *rsa.PrivateKey
	id      string
}

func newSigningKey() *signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("coretest: " + err.Error()) // crypto/rand never fails
	}
	return &signingKey{private, rand.Text()}
}

// sign returns a compact JWT. The signature is RS256, whatever the header says. This is no code of
// the product, so that a mistake there does not hide here.
func (k *signingKey) sign(header, claims any) string {
	text := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, sum[:])
	if err != nil {
		panic("coretest: " + err.Error())
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// header returns the header of a JWT that a key of the key set verifies.
func (k *signingKey) header(typ string) any {
	return struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ,omitempty"`
	}{"RS256", k.id, typ}
}

// exponent and modulus are the members of a JWK.
func (k *signingKey) exponent() string {
	return base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes())
}

func (k *signingKey) modulus() []byte { return k.private.N.Bytes() }

// currentKey returns the key that signs, and makes one if there is none yet.
func (s *Server) currentKey() *signingKey { return s.publishedKeys()[0] }

// publishedKeys returns the keys that verify, the current one first.
func (s *Server) publishedKeys() []*signingKey {
	s.mu.Lock()
	keys := s.keys
	s.mu.Unlock()
	if len(keys) > 0 {
		return keys
	}
	made := newSigningKey() // takes long, so it holds no lock
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) == 0 {
		s.keys = []*signingKey{made}
	}
	return s.keys
}

// RotateKey makes a new key for signatures. The key set of [Curity] and [RFC7662] keeps the
// previous key, but none before it, so their tokens stay valid. [MobileFirst7] publishes one key
// only, so its tokens become invalid. The tokens of [MobileFirst8] do not depend on this key.
func (s *Server) RotateKey() {
	previous := s.currentKey()
	made := newSigningKey()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = []*signingKey{made, previous}
}
