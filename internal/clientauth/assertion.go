package clientauth

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/jose"
)

// assertionType is the client_assertion_type of a JWT (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionLifetime is short: an assertion is sent once, at once.
const assertionLifetime = time.Minute

// Assertion is the Method of a client that sends a signed JWT in place of a secret (RFC 7523
// section 2.2; "private_key_jwt" in OpenID Connect Core section 9). Either Key, KeyFunc or Func is
// set. Each attempt has a JWT of its own, because servers accept each only once.
type Assertion struct {
	ClientID string
	// Key signs the JWT. KeyFunc returns the key as it is now.
	Key     crypto.Signer
	KeyFunc func(context.Context) (crypto.Signer, error)
	// KeyID is the "kid". "" means the thumbprint of the key.
	KeyID string
	// Algorithm is the "alg". "" means the usual one of the key.
	Algorithm string
	// Audience is the "aud": the issuer identifier of the server.
	Audience string
	// Func returns a JWT that was made elsewhere. Its result goes through [Trim].
	Func func(context.Context) (string, error)
	// Used is told the thumbprint of each key before that signs. Nil means that it is not needed.
	Used func(thumbprint string)
	// Panics contains the panics of the functions and of the key. It must be set.
	Panics *contain.Hook
}

var errPanicked = errors.New("making the client assertion: a function of the program panicked")

// Apply implements Method.
func (a *Assertion) Apply(ctx context.Context, _ http.Header, form url.Values) error {
	create := a.signed
	if a.Func != nil {
		create = a.given
	}
	jwt, err := "", errPanicked
	a.Panics.Call(func() { jwt, err = create(ctx) })
	if err != nil {
		return err
	}
	form.Set("client_id", a.ClientID)
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", jwt)
	return nil
}

// Thumbprint returns the thumbprint of the key as it is now (RFC 7638).
func (a *Assertion) Thumbprint(ctx context.Context) (thumbprint string, err error) {
	err = errPanicked
	a.Panics.Call(func() { _, thumbprint, err = a.key(ctx) })
	return thumbprint, err
}

// claims are those of RFC 7523 section 3.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
}

// signed returns a new JWT.
func (a *Assertion) signed(ctx context.Context) (string, error) {
	key, thumbprint, err := a.key(ctx)
	if err != nil {
		return "", err
	}
	if a.Used != nil {
		a.Used(thumbprint)
	}
	now := time.Now()
	payload, err := json.Marshal(claims{
		Issuer: a.ClientID, Subject: a.ClientID, Audience: a.Audience,
		IssuedAt: now.Unix(), Expires: now.Add(assertionLifetime).Unix(), ID: rand.Text(),
	})
	if err != nil {
		return "", err
	}
	jwt, err := jose.Sign(key, jose.Header{Algorithm: a.Algorithm, KeyID: cmp.Or(a.KeyID, thumbprint), Type: "JWT"}, payload)
	if err != nil {
		return "", fmt.Errorf("signing the client assertion: %w", err)
	}
	return jwt, nil
}

// key returns the key as it is now, and its thumbprint.
func (a *Assertion) key(ctx context.Context) (key crypto.Signer, thumbprint string, err error) {
	key = a.Key
	if a.KeyFunc != nil {
		if key, err = a.KeyFunc(ctx); err != nil {
			return nil, "", fmt.Errorf("reading the client's key: %w", err)
		}
	}
	if key == nil {
		return nil, "", errors.New("the client's key is nil")
	}
	public := key.Public()
	if _, err := jose.AlgorithmFor(public, a.Algorithm); err != nil {
		return nil, "", fmt.Errorf("the client's key %w", err)
	}
	thumbprint, err = jose.Thumbprint(public)
	return key, thumbprint, err
}

// given returns the JWT that was made elsewhere.
func (a *Assertion) given(ctx context.Context) (string, error) {
	jwt, err := a.Func(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the client assertion: %w", err)
	}
	if err := CheckAssertion(jwt); err != nil {
		return "", fmt.Errorf("the client assertion %w", err)
	}
	return Trim(jwt), nil
}
