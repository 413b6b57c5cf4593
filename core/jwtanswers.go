package core

import (
	"errors"
	"slices"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/jose"
)

// JWTAnswers says that the server signs its answers about tokens, and which keys are its own. What
// is not signed lets no one in; only the error unsupported_token_type, which refuses the token, is
// read without a signature (Curity's JSON is an exception, see CurityConfig.JWTAnswers). The keys
// are read when they are needed and remembered; they are read again when the server has new ones.
// While there are none, requests get 503. RS256, PS256, ES256 and EdDSA are accepted.
type JWTAnswers struct {
	// JWKSURL is the server's JWK set (RFC 7517). Zero means that of RFC7662Config.Metadata.
	JWKSURL string
	// Audience is the "aud" that names this service in the answers of RFC 9701. Zero means
	// Config.ClientID. It has no meaning for Curity.
	Audience string
}

// internal returns what the introspector needs, nil for nil.
func (j *JWTAnswers) internal(issuer string) *introspect.JWTAnswers {
	if j == nil {
		return nil
	}
	return &introspect.JWTAnswers{KeysURL: j.JWKSURL, Issuer: issuer, Audience: j.Audience, Algorithms: slices.Clone(jose.Algorithms)}
}

// checkIssuer returns the mistake of a config without an issuer.
func (j *JWTAnswers) checkIssuer(issuer string) error {
	if j != nil && issuer == "" {
		return errors.New(`is empty: it is the "iss" that the signed answers of the server must have`)
	}
	return nil
}
