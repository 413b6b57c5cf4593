package core

import (
	"cmp"
	"errors"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// CurityConfig describes a Curity Identity Server.
type CurityConfig struct {
	// IntrospectionURL is the introspection endpoint of a token service profile, by default
	// https://host:8443/oauth/v2/oauth-introspect.
	IntrospectionURL string
	// ClientAuth is how Config.ClientID and its secret are sent: tokensource.Basic or
	// tokensource.Post. Zero means Basic. If the id or the secret has a character that a form escapes
	// and the server refuses them, it may want tokensource.BasicRaw. It is otherwise as in
	// RFC7662Config.
	ClientAuth tokensource.ClientAuth
	// JWTAnswers makes the server answer with a signed JWT ("phantom token"). Nil asks for JSON. A
	// server that answers in JSON although it was asked for a JWT is understood, so that the
	// signature is not what protects the answer: TLS is.
	JWTAnswers *JWTAnswers
	// Audience lists the values of "aud" that mean this service, as in RFC7662Config.
	Audience []string
	// AnyAudience accepts tokens that were issued for other services, too.
	AnyAudience bool
	// Issuer is the "iss" that a token must have, by default
	// https://host:8443/oauth/v2/oauth-anonymous. Zero means that it is not checked. It must be set
	// with JWTAnswers.
	Issuer string
	// Realm is the realm of our challenges. Zero means "api".
	Realm string
}

// Curity is the Curity Identity Server, asked by introspection. The client of this service needs
// the introspection capability there.
//
// An answer is remembered no longer than the max-age that the server sends with it. For a token of
// its own, a job uses tokensource.Config with the server's token endpoint
// (https://host:8443/oauth/v2/oauth-token) and tokensource.Post.
func Curity(c CurityConfig) Profile {
	const name = "CurityConfig."
	common := introspectionConfig{name: name, auth: c.ClientAuth, audience: c.Audience, anyAudience: c.AnyAudience, realm: c.Realm}
	mistakes := common.check()
	if err := c.JWTAnswers.checkIssuer(c.Issuer); err != nil {
		mistakes = append(mistakes, &ConfigError{Field: name + "Issuer", Err: err})
	}
	if c.JWTAnswers != nil && c.JWTAnswers.Audience != "" {
		mistakes = append(mistakes, &ConfigError{
			Field: name + "JWTAnswers.Audience",
			Err:   errors.New("has no meaning: Curity's answers have the token's own aud, see CurityConfig.Audience"),
		})
	}
	return Profile{
		server:     introspect.NewCurity(c.IntrospectionURL, cmp.Or(c.Realm, defaultRealm), c.JWTAnswers.internal(c.Issuer)),
		field:      name + "IntrospectionURL",
		keysField:  name + "JWTAnswers.JWKSURL",
		mistakes:   mistakes,
		clientAuth: common.style(),
		audience:   common.accepted(),
		issuer:     c.Issuer,
	}
}
