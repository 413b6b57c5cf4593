package core

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// RFC7662Config describes an authorization server that speaks RFC 7662 and answers in JSON.
type RFC7662Config struct {
	// IntrospectionURL is the introspection endpoint.
	IntrospectionURL string
	// ClientAuth is how Config.ClientID and its secret are sent to it. Zero means tokensource.Basic.
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
	// Issuer is the "iss" that a token must have. Zero means that it is not checked.
	Issuer string
	// Realm is the realm of our challenges. Zero means "api".
	Realm string
}

// RFC7662 is any authorization server with an introspection endpoint as RFC 7662 describes it:
// times in seconds, JSON answers, an authenticated caller.
//
// A server may call refresh tokens active as well. They are refused where the answer shows what
// they are ("token_use", "typ"). oidc-provider 9 shows it only by leaving "aud" out, so set
// Audience. ory/fosite does not show it at all, so set its DisableRefreshTokenValidation.
func RFC7662(c RFC7662Config) Profile {
	auth := cmp.Or(c.ClientAuth, tokensource.Basic)
	if !slices.Contains(styles, auth) {
		auth = tokensource.Basic // it is reported as a mistake, once
	}
	return Profile{
		server:     introspect.NewRFC7662(c.IntrospectionURL, c.realm()),
		field:      "RFC7662Config.IntrospectionURL",
		mistakes:   c.check(),
		clientAuth: auth,
		source:     c.TokenSource,
		audience:   slices.Clone(c.Audience),
		issuer:     c.Issuer,
	}
}

// styles are how a client's id and secret can be sent.
var styles = []tokensource.ClientAuth{tokensource.Basic, tokensource.BasicRaw, tokensource.Post}

func (c *RFC7662Config) realm() string { return cmp.Or(c.Realm, "api") }

// check returns the mistakes in c, each a *ConfigError. New checks the address.
func (c *RFC7662Config) check() (mistakes []error) {
	add := func(field string, err error) {
		mistakes = append(mistakes, &ConfigError{Field: "RFC7662Config." + field, Err: err})
	}
	switch {
	case c.ClientAuth != "" && !slices.Contains(styles, c.ClientAuth):
		add("ClientAuth", fmt.Errorf("is %q, want %q, %q or %q", c.ClientAuth, tokensource.Basic, tokensource.BasicRaw, tokensource.Post))
	case c.ClientAuth != "" && c.TokenSource != nil:
		add("ClientAuth", errors.New("and TokenSource are both set: choose one"))
	}
	switch {
	case len(c.Audience) == 0 && !c.AnyAudience:
		add("Audience", errors.New("is empty: name this service, or set AnyAudience to accept tokens that were issued for others"))
	case len(c.Audience) > 0 && c.AnyAudience:
		add("Audience", errors.New("and AnyAudience are both set: choose one"))
	case slices.Contains(c.Audience, ""):
		add("Audience", errors.New("has an empty value"))
	}
	if err := introspect.CheckRealm(c.realm()); err != nil {
		add("Realm", err)
	}
	return mistakes
}
