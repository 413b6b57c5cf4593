package jose

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
)

// Header is the protected header of a JWT.
type Header struct {
	Algorithm string // "alg"
	KeyID     string // "kid", "" for none
	Type      string // "typ", "" for none
}

// Sign returns a compact JWT with this payload. The key may live in a device or a service. It is
// safe for concurrent use if key is.
func Sign(key crypto.Signer, h Header, payload []byte) (string, error) {
	algorithm, err := AlgorithmFor(key.Public(), h.Algorithm)
	if err != nil {
		return "", fmt.Errorf("the key %w", err)
	}
	options := &jose.SignerOptions{}
	if h.Type != "" {
		options.WithType(jose.ContentType(h.Type))
	}
	if h.KeyID != "" {
		options.WithHeader("kid", h.KeyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: cryptosigner.Opaque(salted{key})}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// salted signs with a salt as long as the hash, as RFC 7518 section 3.5 demands of PS256. The
// package cryptosigner asks for the longest possible salt, which strict servers refuse.
type salted struct{ crypto.Signer }

// Sign implements crypto.Signer.
func (s salted) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	if pss, ok := options.(*rsa.PSSOptions); ok {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: pss.Hash}
	}
	return s.Signer.Sign(random, digest, options)
}

// Thumbprint returns the thumbprint of a public key (RFC 7638), which is its usual "kid".
func Thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
