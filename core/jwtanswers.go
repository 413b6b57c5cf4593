package core

import (
	"errors"
	"slices"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/jose"
)

// JWTAnswers says that the server signs its answers about tokens (RFC 9701, and Curity's phantom
// tokens), and which keys are its own. The zero value takes the keys of RFC7662Config.Metadata.
// RS256, PS256, ES256 and EdDSA are accepted.
//
// The keys are read when they are needed, and again after their max-age (an hour without one) or
// when an answer has a key that is new. While that fails, the last ones are used for a day. While
// there are none, requests get 503.
//
// What is not signed lets no one in. Only the error unsupported_token_type, which refuses the
// token, is read without a signature, and Curity's JSON, see CurityConfig.JWTAnswers.
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
