package tokensource

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"log/slog"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
)

// ClientAssertion authenticates a client with a signed JWT in place of a secret (RFC 7523 section
// 2.2; servers call it private_key_jwt). Either Key, KeyFunc or Func is set. Each HTTP request has
// a JWT of its own, with a new jti and an end after a minute: servers accept each only once.
//
// A panic in one of the functions, or in a method of the key, is an error of the request. A
// ClientAssertion does not print its key.
type ClientAssertion struct {
	// Key is the client's private key. The server has the public part. It is an RSA key of 2048 bits
	// or more, an ECDSA key on P-256 or an Ed25519 key, and may live in a device or a service. It
	// must be safe for concurrent use.
	Key crypto.Signer
	// KeyFunc, instead of Key, returns the key as it is now, so that a rotated key takes effect
	// without a restart. It is called for each request. It must be safe for concurrent use and return
	// within Config.Timeout. See [KeyFile].
	KeyFunc func(context.Context) (crypto.Signer, error)
	// KeyID is the name of the key at the server, the "kid". Zero means the thumbprint of the key (RFC
	// 7638), so that it changes with the key.
	KeyID string
	// Algorithm is RS256, PS256, ES256 or EdDSA. Zero means that of the key, and RS256 for an RSA key.
	Algorithm string
	// Audience is the issuer identifier of the server. Some old servers want the URL of their token
	// endpoint. It is needed with Key and KeyFunc; in package core, zero means the issuer of the
	// Profile.
	Audience string
	// Func, instead of Key and KeyFunc, returns an assertion that was made elsewhere, for instance
	// the token that Kubernetes keeps in a file. It is called for each request, and its result is sent
	// as it is, without a byte order mark and line breaks at its end. Where servers accept an
	// assertion once only, each must be a new one.
	Func func(context.Context) (Secret, error)
}

// Format implements fmt.Formatter. A ClientAssertion prints what it is for, and not its key.
func (a ClientAssertion) Format(f fmt.State, _ rune) { io.WriteString(f, a.String()) }

// String returns what the ClientAssertion is for: its audience.
func (a ClientAssertion) String() string {
	return fmt.Sprintf("client assertion for the audience %q", a.Audience)
}

// LogValue implements slog.LogValuer with [ClientAssertion.String].
func (a ClientAssertion) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText implements encoding.TextMarshaler, for JSON and XML, with [ClientAssertion.String].
func (a ClientAssertion) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// assertion is the ClientAssertion of c as it is sent.
func (c Config) assertion() *clientauth.Assertion {
	a := c.ClientAssertion
	sent := &clientauth.Assertion{
		ClientID: c.ClientID, Key: a.Key, KeyFunc: a.KeyFunc, KeyID: a.KeyID, Algorithm: a.Algorithm, Audience: a.Audience,
		Panics: &contain.Hook{Name: "Config.ClientAssertion", Log: c.Logger},
	}
	if a.Func != nil {
		sent.Func = func(ctx context.Context) (string, error) {
			jwt, err := a.Func(ctx)
			return string(jwt), err
		}
	}
	return sent
}
