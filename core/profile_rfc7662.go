package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// RFC7662Config describes an authorization server that speaks RFC 7662 and answers in JSON.
type RFC7662Config struct {
	// IntrospectionURL is the introspection endpoint.
	IntrospectionURL string
	// ClientAuth is how Config.ClientID and its secret are sent to it. Zero means tokensource.Basic.
	ClientAuth tokensource.ClientAuth
	// TokenSource, instead of ClientAuth and the credentials of Config, authenticates us with a bearer token.
	TokenSource *tokensource.Source
	// Audience lists the values of "aud" that mean this service; a token for none of them is refused. It is compared code
	// point by code point. Set it, or AnyAudience.
	Audience []string
	// AnyAudience accepts tokens that were issued for other services, too: any of these can then use them here.
	AnyAudience bool
	// Issuer is the "iss" that a token must have. Zero means that it is not checked.
	Issuer string
	// Realm is the realm of our challenges. Zero means "api".
	Realm string
}

// unsupportedTokenType is what oidc-provider answers, with status 400, about a token that it does not store, such as one that
// looks like a JWT (the code is from RFC 7009 section 2.2.1): that is an answer about the token, and no trouble.
const unsupportedTokenType tokensource.ErrorCode = "unsupported_token_type"

// RFC7662 is any authorization server with an introspection endpoint as RFC 7662 describes it: times in seconds, JSON
// answers, an authenticated caller.
//
// A server may call refresh tokens active as well. They are refused where the answer shows what they are ("token_use",
// "typ"). oidc-provider 9 shows it only by leaving "aud" out, so set Audience; ory/fosite does not show it at all, so set its
// DisableRefreshTokenValidation.
func RFC7662(c RFC7662Config) Profile {
	p := Profile{
		name:       "RFC7662",
		endpoint:   c.IntrospectionURL,
		clientAuth: c.ClientAuth,
		source:     c.TokenSource,
		sendHint:   true,
		notFound:   "nothing is served there: check the URL of the introspection endpoint",
		members:    rfcMembers,

		foreignToken: unsupportedTokenType,

		audience: slices.Clone(c.Audience),
		issuer:   c.Issuer,
		realm:    c.Realm,
	}
	if p.clientAuth == "" {
		p.clientAuth = tokensource.Basic
	}
	if p.realm == "" {
		p.realm = "api"
	}
	switch {
	case !slices.Contains([]tokensource.ClientAuth{tokensource.Basic, tokensource.BasicRaw, tokensource.Post}, p.clientAuth):
		p.err = fmt.Errorf("ClientAuth is %q, want %q, %q or %q", c.ClientAuth, tokensource.Basic, tokensource.BasicRaw, tokensource.Post)
	case c.ClientAuth != "" && c.TokenSource != nil:
		p.err = errors.New("ClientAuth and TokenSource are both set: choose one")
	case len(c.Audience) == 0 && !c.AnyAudience:
		p.err = errors.New("Audience is empty: name this service, or set AnyAudience to accept tokens that were issued for others")
	case len(c.Audience) > 0 && c.AnyAudience:
		p.err = errors.New("Audience and AnyAudience are both set: choose one")
	case slices.Contains(c.Audience, ""):
		p.err = errors.New("Audience has an empty value")
	default:
		p.err = checkRealm(p.realm)
	}
	return p
}

// checkRealm refuses what cannot stand in a quoted string, and what MobileFirst clients would take for the scope.
func checkRealm(realm string) error {
	for i := range len(realm) {
		if realm[i] < 0x20 || realm[i] > 0x7e {
			return fmt.Errorf("%s has the character %q, want printable ASCII", "Realm", realm[i])
		}
	}
	if strings.Contains(strings.ToLower(realm), "scope=") {
		return fmt.Errorf(`%s contains "scope=", which clients take for the scope of the challenge`, "Realm")
	}
	return nil
}

// rfcMembers tells a user from a client that speaks for itself.
func rfcMembers(_ strictjson.Object, in *introspection, _ *unread) error {
	in.hasUser = in.username != "" || in.subject != "" && in.subject != in.clientID
	return nil
}
