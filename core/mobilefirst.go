package core

import (
	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// MobileFirst8 is IBM MobileFirst Foundation 8.0. Base is the address of the runtime's API,
// https://host:port/<runtime>/api, for instance https://mfp.example.com:9443/mfp/api. A server that
// replaces MobileFirst, such as DataPower, may have another path, or none. The service needs a
// confidential client whose allowed scope covers authorization.introspect.
//
// What is special about this server: its introspection endpoint takes a bearer token and no client
// credentials. Credentials travel as raw Basic. "exp" is in milliseconds; seconds are understood,
// too. 409 asks the mobile client to repeat its request. Challenges have exactly the three forms
// that its client SDKs can read, with no realm.
func MobileFirst8(base string) Profile {
	const field = "MobileFirst8(base)"
	p := Profile{field: field, token: &tokensource.Config{Scope: introspect.MobileFirst8Scope, RequireScope: true, ClientAuth: tokensource.BasicRaw}, noAssertion: "MobileFirst 8.0"}
	s, err := introspect.NewMobileFirst8(base)
	if err != nil {
		p.mistakes = []error{&ConfigError{Field: field, Err: err}}
		return p
	}
	p.server, p.token.TokenURL = s, s.TokenURL()
	return p
}
