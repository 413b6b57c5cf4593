package core

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// introspectionConfig is what the configs of servers with an introspection endpoint have in common.
type introspectionConfig struct {
	name        string // of the config, with a dot
	auth        tokensource.ClientAuth
	audience    []string
	anyAudience bool
	realm       string
}

// styles are how a client's id and secret can be sent.
var styles = []tokensource.ClientAuth{tokensource.Basic, tokensource.BasicRaw, tokensource.Post}

const defaultRealm = "api"

// style is how a client's id and secret are sent, or tokensource.TLSClientAuth; "" is that of what
// else the Config has. An unknown one is reported as a mistake, once.
func (c *introspectionConfig) style() tokensource.ClientAuth {
	if !c.isAuthKnown() {
		return tokensource.Basic
	}
	return c.auth
}

// isAuthKnown reports whether ClientAuth is one of the ways that the server may want.
func (c *introspectionConfig) isAuthKnown() bool {
	return c.auth == "" || c.auth == tokensource.TLSClientAuth || slices.Contains(styles, c.auth)
}

// accepted returns the values of "aud" that mean this service, nil for all.
func (c *introspectionConfig) accepted() []string {
	if len(c.audience) == 0 {
		return nil
	}
	return slices.Clone(c.audience)
}

// check returns the mistakes in c, each a *ConfigError.
func (c *introspectionConfig) check() (mistakes []error) {
	add := func(field string, err error) {
		mistakes = append(mistakes, &ConfigError{Field: c.name + field, Err: err})
	}
	if !c.isAuthKnown() {
		add("ClientAuth", fmt.Errorf("is %q, want %q, %q, %q or %q", c.auth, tokensource.Basic, tokensource.BasicRaw, tokensource.Post, tokensource.TLSClientAuth))
	}
	switch {
	case len(c.audience) == 0 && !c.anyAudience:
		add("Audience", errors.New("is empty: name this service, or set AnyAudience to accept tokens that were issued for others"))
	case len(c.audience) > 0 && c.anyAudience:
		add("Audience", errors.New("and AnyAudience are both set: choose one"))
	case slices.Contains(c.audience, ""):
		add("Audience", errors.New("has an empty value"))
	}
	if err := introspect.CheckRealm(cmp.Or(c.realm, defaultRealm)); err != nil {
		add("Realm", err)
	}
	return mistakes
}
