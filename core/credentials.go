package core

import (
	"cmp"
	"context"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/tokensource"
)

// clientMethod is how we authenticate at the introspection endpoint, if not by a token of our own.
func (c *Config) clientMethod() clientauth.Method {
	switch {
	case c.Profile.clientAuth == noClientAuth:
		return clientauth.None
	case c.ClientAssertion != nil:
		return c.assertion()
	case c.isByCertificate():
		return clientauth.Certificate(c.ClientID)
	}
	return clientauth.New(c.style(), c.ClientID, c.secret)
}

// tokenConfig describes the source of our own token. It has the Transport, the Logger and the
// Trace of c, so that what a program sets there reaches each call.
func (c *Config) tokenConfig(trace *hooks) tokensource.Config {
	t := *c.Profile.token
	t.ClientID, t.ClientSecret, t.ClientSecretFunc = c.ClientID, c.ClientSecret, c.ClientSecretFunc
	if c.ClientAssertion != nil {
		a := *c.ClientAssertion
		a.Audience = c.audience()
		t.ClientAssertion, t.ClientAuth = &a, ""
	}
	t.Timeout, t.Transport, t.InsecureHTTP, t.Logger = c.Timeout, c.Transport, c.InsecureHTTP, c.Logger
	t.Renewed = trace.trace.Renewed
	return t
}

func (c *Config) secret(ctx context.Context) (string, error) {
	if c.ClientSecretFunc == nil {
		return string(c.ClientSecret), nil
	}
	s, err := c.ClientSecretFunc(ctx)
	return string(s), err
}

// assertion is the ClientAssertion as it is sent.
func (c *Config) assertion() *clientauth.Assertion {
	a := c.ClientAssertion
	sent := &clientauth.Assertion{
		ClientID: c.ClientID, Key: a.Key, KeyFunc: a.KeyFunc, KeyID: a.KeyID, Algorithm: a.Algorithm, Audience: c.audience(),
		Panics: &contain.Hook{Name: "Config.ClientAssertion", Log: c.Logger},
	}
	if a.Func != nil {
		sent.Func = func(ctx context.Context) (string, error) {
			jwt, err := a.Func(ctx)
			return string(jwt), err
		}
	}
	return sent
}

// audience is that of the ClientAssertion, with its default. An assertion of Func has one already.
func (c *Config) audience() string {
	if c.ClientAssertion.Func != nil {
		return c.ClientAssertion.Audience
	}
	return cmp.Or(c.ClientAssertion.Audience, c.Profile.issuer)
}

// isByCertificate reports whether our certificate authenticates us at the introspection endpoint
// (RFC 8705 section 2).
func (c *Config) isByCertificate() bool {
	p := &c.Profile
	if p.token != nil || p.source != nil {
		return false
	}
	return p.clientAuth == tokensource.TLSClientAuth ||
		p.clientAuth == "" && c.ClientCertificate != nil && c.ClientAssertion == nil && c.secretField() == ""
}

// secretField is the field with our secret, "" for none.
func (c *Config) secretField() string {
	switch {
	case c.ClientSecret != "":
		return "ClientSecret"
	case c.ClientSecretFunc != nil:
		return "ClientSecretFunc"
	}
	return ""
}

// style is how our secret travels, to the introspection endpoint or to the token endpoint.
func (c *Config) style() clientauth.Style {
	if c.Profile.token != nil {
		return clientauth.Style(c.Profile.token.ClientAuth)
	}
	return clientauth.Style(cmp.Or(c.Profile.clientAuth, tokensource.Basic))
}
