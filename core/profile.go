package core

import (
	"strings"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Profile is an authorization server: its kind, its address, and which of its tokens are meant for
// this service. Make one with [MobileFirst8], [MobileFirst7], [Curity] or [RFC7662]. [New] reports
// a mistake in it; the zero Profile is one.
type Profile struct {
	server    introspect.Server
	field     string  // names the address in errors
	keysField string  // names the address of the server's keys in errors
	mistakes  []error // each a *ConfigError
	offline   bool    // tokens are checked here (MobileFirst 7.x)
	anyID     bool    // with an ID token of any audience, then

	clientAuth tokensource.ClientAuth // of our credentials, at the endpoint itself
	token      *tokensource.Config    // how to get a token of our own, nil when the endpoint takes our credentials
	source     *tokensource.Source    // or the source that the program made

	audience []string // the token must be for one of them; nil: not checked
	issuer   string   // "": not checked

	discovered  *discovered // nil without RFC7662Config.Metadata
	noAssertion string      // what to call a server that takes no signed assertions, "" for others
}

// config is the type of the config that p comes from.
func (p *Profile) config() string {
	name, _, _ := strings.Cut(p.field, ".")
	return name
}
