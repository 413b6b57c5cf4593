package jose

import (
	"crypto"
	"encoding/base64"
	"fmt"

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
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: cryptosigner.Opaque(key)}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// Thumbprint returns the thumbprint of a public key (RFC 7638), which is its usual "kid".
func Thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
