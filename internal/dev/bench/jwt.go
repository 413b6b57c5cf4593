package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

const (
	issuer   = "https://as.invalid"
	audience = "bench"
)

// A signer issues JWTs, as an authorization server does whose tokens are verified by resource
// servers.
type signer struct {
	method jwt.SigningMethod
	key    crypto.Signer
}

func newSigners() (rs, es signer, err error) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return rs, es, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return signer{jwt.SigningMethodRS256, rsaKey}, signer{jwt.SigningMethodES256, ecKey}, err
}

// token returns a JWT of about size bytes (base64 grows in steps), with the claims of the tokens of
// MobileFirst.
func (s signer) token(size int) (string, error) {
	for pad := 0; ; pad++ {
		token, err := jwt.NewWithClaims(s.method, jwt.MapClaims{
			"iss": issuer, "aud": audience, "sub": "6a2e0ac4-7b2b-4b46-8d3f-0f2ce2a6d5b8",
			"exp": time.Now().Add(24 * time.Hour).Unix(), "iat": time.Now().Unix(),
			"scope": "RegisteredClient accessRestricted pay", "pad": strings.Repeat("p", pad),
		}).SignedString(s.key)
		if err != nil || len(token) >= size {
			return token, err
		}
	}
}

// A check verifies a token without a server and returns its subject.
type check func(token string) (string, error)

// golangJWT is github.com/golang-jwt/jwt/v5 as its documentation recommends it.
func (s signer) golangJWT() check {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{s.method.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired())
	public := s.key.Public()
	key := func(*jwt.Token) (any, error) { return public, nil }
	type claims struct {
		jwt.RegisteredClaims
		Scope string `json:"scope"`
	}
	return func(token string) (string, error) {
		var c claims
		if _, err := parser.ParseWithClaims(token, &c, key); err != nil {
			return "", err
		}
		return c.Subject, nil
	}
}

// jwx is github.com/lestrrat-go/jwx/v3 with a known key.
func (s signer) jwx() check {
	alg, known := jwa.LookupSignatureAlgorithm(s.method.Alg())
	public := s.key.Public()
	return func(token string) (string, error) {
		if !known {
			return "", fmt.Errorf("jwx does not know %s", s.method.Alg())
		}
		t, err := jwxjwt.ParseString(token, jwxjwt.WithKey(alg, public), jwxjwt.WithIssuer(issuer), jwxjwt.WithAudience(audience))
		if err != nil {
			return "", err
		}
		subject, ok := t.Subject()
		if !ok {
			return "", errors.New("no subject")
		}
		return subject, nil
	}
}

// goOIDC is github.com/coreos/go-oidc/v3 with a static key set.
func (s signer) goOIDC() check {
	keys := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{s.key.Public()}}
	v := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{s.method.Alg()}})
	ctx := context.Background()
	return func(token string) (string, error) {
		t, err := v.Verify(ctx, token)
		if err != nil {
			return "", err
		}
		return t.Subject, nil
	}
}
