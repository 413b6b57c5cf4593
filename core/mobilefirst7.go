package core

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// MobileFirst7Config describes IBM MobileFirst Platform 7.0 or 7.1.
type MobileFirst7Config struct {
	// BaseURL is the address of the project, https://host:port/<project>.
	BaseURL string
	// ClientAuth is how Config.ClientID and its secret are sent. Zero means that no credentials are
	// sent, and Config must have none: IBM's documents name no authentication of the caller. Set it
	// if a gateway in front of the server demands one. Each answer with 401 is then about these
	// credentials, and its request gets 503: let the server answer otherwise about a bad token.
	ClientAuth tokensource.ClientAuth
	// Offline checks tokens here, with the public key that the server has at
	// /authorization/v1/publickey, in place of asking about each. It sends no token anywhere. It does
	// not see that a token was revoked before its end, and the server's documents describe it for its
	// own filters only. An access token must have "prn", an ID token must not. A realm is granted
	// until the end that "imf.scope" gives it; when a mandatory realm has ended, nothing is.
	Offline bool
	// AnyIDToken, with Offline, accepts an ID token whose issuer or audience differs from that of the
	// access token beside it. Zero refuses such a pair, and one that
	// has no issuer or no audience: the ID token may be another user's.
	AnyIDToken bool
	// OwnChallenge makes challenges as MobileFirst 7.x does, with realm="imfAuthentication". Zero
	// means challenges without a realm.
	OwnChallenge bool
}

// MobileFirst7 is IBM MobileFirst Platform 7.0 or 7.1, asked by its online validation, or not asked
// at all with Offline. Its apps send "Bearer <access token> <ID token>"; the access token alone is
// taken, too. Both parts are sent to the server and nowhere else, and together they must not be
// longer than Config.MaxTokenBytes.
//
// The required scope elements are names of realms. The user is the one of the ID token; a request
// without an ID token has none. A server of this kind was never tried: what IBM's documents leave
// open is read so that a mistake leads to a refusal.
func MobileFirst7(c MobileFirst7Config) Profile {
	p := Profile{field: "MobileFirst7Config.BaseURL", clientAuth: cmp.Or(c.ClientAuth, noClientAuth), noAssertion: "MobileFirst 7.x"}
	if c.ClientAuth != "" && !slices.Contains(styles, c.ClientAuth) {
		p.clientAuth = noClientAuth
		p.mistakes = append(p.mistakes, &ConfigError{
			Field: "MobileFirst7Config.ClientAuth",
			Err:   fmt.Errorf("is %q, want %q, %q or %q, or nothing to send no credentials", c.ClientAuth, tokensource.Basic, tokensource.BasicRaw, tokensource.Post),
		})
	}
	switch {
	case c.Offline && c.ClientAuth != "":
		p.mistakes = append(p.mistakes, &ConfigError{
			Field: "MobileFirst7Config.ClientAuth", Err: errors.New("has no meaning with Offline, which sends no credentials: remove one of them"),
		})
	case c.AnyIDToken && !c.Offline:
		p.mistakes = append(p.mistakes, &ConfigError{
			Field: "MobileFirst7Config.AnyIDToken", Err: errors.New("has a meaning with Offline only: without it the server checks the pair"),
		})
	}
	p.offline, p.anyID = c.Offline, c.AnyIDToken
	s, err := introspect.NewMobileFirst7(c.BaseURL, c.ClientAuth == "", c.OwnChallenge)
	if err != nil {
		p.mistakes = append(p.mistakes, &ConfigError{Field: p.field, Err: err})
		return p
	}
	p.server = s
	return p
}

// noClientAuth sends no credentials.
const noClientAuth tokensource.ClientAuth = "none"
