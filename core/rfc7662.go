package core

import (
	"cmp"
	"errors"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// RFC7662Config describes an authorization server that speaks RFC 7662.
type RFC7662Config struct {
	// IntrospectionURL is the introspection endpoint. Empty means that of Metadata.
	IntrospectionURL string
	// Metadata is what [Discover] has returned. Nothing is discovered without it. IntrospectionURL
	// and Issuer then come from it, so every token must have that "iss". New checks that the server
	// supports our authentication, if the metadata says which it supports. For a server that leaves
	// "iss" out of its answers, set IntrospectionURL to Metadata.IntrospectionURL, and no Metadata.
	Metadata *Metadata
	// ClientAuth is how Config.ClientID and its secret are sent to it. Zero means tokensource.Basic
	// for a secret. tokensource.TLSClientAuth is for a Config.Transport that presents a certificate. A
	// ClientAuth beside Config.ClientAssertion is an error.
	ClientAuth tokensource.ClientAuth
	// TokenSource, instead of ClientAuth and the credentials of Config, authenticates us with a
	// bearer token.
	TokenSource *tokensource.Source
	// Audience lists the values of "aud" that mean this service; a token for none of them is refused.
	// Values compare code point by code point. Set it, or AnyAudience.
	Audience []string
	// AnyAudience accepts tokens that were issued for other services, too: any of these can then use
	// them here.
	AnyAudience bool
	// Issuer is the "iss" that a token must have. Zero means that of Metadata; without Metadata it is
	// not checked, and must be set for JWTAnswers.
	Issuer string
	// JWTAnswers makes the server sign its answers (RFC 9701), and an answer that is not signed no
	// answer at all. Nil asks for JSON.
	JWTAnswers *JWTAnswers
	// Realm is the realm of our challenges. Zero means "api".
	Realm string
}

// RFC7662 is any authorization server with an introspection endpoint as RFC 7662 describes it:
// times in seconds, JSON answers or signed ones, an authenticated caller.
//
// A server may call refresh tokens active as well. They are refused where the answer shows what
// they are ("token_use", "typ"). oidc-provider 9 shows it only by leaving "aud" out, so set
// Audience. ory/fosite does not show it at all, so set its DisableRefreshTokenValidation.
func RFC7662(c RFC7662Config) Profile {
	const name = "RFC7662Config."
	common := introspectionConfig{name: name, auth: c.ClientAuth, audience: c.Audience, anyAudience: c.AnyAudience, realm: c.Realm}
	mistakes := append(common.check(), c.checkMetadata()...)
	if c.ClientAuth != "" && common.isAuthKnown() && c.TokenSource != nil {
		mistakes = append(mistakes, &ConfigError{Field: name + "ClientAuth", Err: errors.New("and TokenSource are both set: choose one")})
	}
	issuer := c.issuer()
	if err := c.JWTAnswers.checkIssuer(issuer); err != nil {
		mistakes = append(mistakes, &ConfigError{Field: name + "Issuer", Err: err})
	}
	return Profile{
		server:     c.at(c.IntrospectionURL),
		field:      name + "IntrospectionURL",
		keysField:  name + "JWTAnswers.JWKSURL",
		mistakes:   mistakes,
		clientAuth: common.style(),
		source:     c.TokenSource,
		audience:   common.accepted(),
		issuer:     issuer,
		discovered: c.discovered(),
	}
}

// at returns the server with this introspection endpoint.
func (c *RFC7662Config) at(introspectionURL string) introspect.Server {
	answers := c.JWTAnswers.internal(c.issuer())
	if answers != nil && answers.KeysURL == "" && c.Metadata != nil {
		answers.KeysURL = c.Metadata.JWKSURL
	}
	return introspect.NewRFC7662(introspectionURL, cmp.Or(c.Realm, defaultRealm), answers)
}

func (c *RFC7662Config) issuer() string {
	if c.Issuer == "" && c.Metadata != nil {
		return c.Metadata.Issuer
	}
	return c.Issuer
}
