package tokensource

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// mistakes are what is wrong with a Config.
type mistakes []error

// add adds the mistake in one field, if err is one.
func (m *mistakes) add(field string, err error) {
	if err != nil {
		*m = append(*m, fmt.Errorf("tokensource: %w", &ConfigError{Field: field, Err: err}))
	}
}

// join returns one error with a line for each mistake, or nil.
func (m mistakes) join() error {
	if len(m) == 1 {
		return m[0]
	}
	return errors.Join(m...)
}

// check returns the token endpoint and the mistakes in c, the most important first.
func (c Config) check() (u *url.URL, found mistakes) {
	u, err := endpoint.CheckURL(c.TokenURL, c.InsecureHTTP)
	if err == nil {
		err = checkTokenPath(u)
	}
	if err == nil && c.isByCertificate() && c.Transport == nil && u.Scheme == "http" {
		err = errors.New("is http://, where no certificate is presented: use https")
	}
	found.add("Config.TokenURL", err)
	c.checkClient(&found)
	found.add("Config.Scope", CheckScope(c.Scope))
	if c.Timeout != 0 && (c.Timeout < leastTimeout || c.Timeout > mostTimeout) {
		found.add("Config.Timeout", fmt.Errorf("is %v, want %v to %v, or 0 for %v", c.Timeout, leastTimeout, mostTimeout, defaultTimeout))
	}
	c.checkTransport(&found)
	return u, found
}

func (c Config) checkClient(found *mistakes) {
	style := clientauth.Style(cmp.Or(c.ClientAuth, BasicRaw))
	switch {
	case c.ClientAssertion != nil:
		c.checkAssertion(found)
		return
	case c.isByCertificate():
		c.checkByCertificate(found)
		return
	case style != clientauth.BasicRaw && style != clientauth.Basic && style != clientauth.Post:
		found.add("Config.ClientAuth", fmt.Errorf("is %q, want %q, %q, %q or %q", c.ClientAuth, BasicRaw, Basic, Post, TLSClientAuth))
		style = clientauth.Post // reports what is a mistake in each style
	}
	found.add("Config.ClientID", style.CheckID(c.ClientID))
	switch {
	case c.ClientSecret != "" && c.ClientSecretFunc != nil:
		found.add("Config.ClientSecret", errors.New("and Config.ClientSecretFunc are both set: choose one"))
	case c.ClientSecretFunc == nil:
		found.add("Config.ClientSecret", style.CheckSecret(string(c.ClientSecret)))
	}
}

// isByCertificate reports whether the client's certificate authenticates it (RFC 8705 section 2).
func (c Config) isByCertificate() bool {
	return c.ClientAuth == TLSClientAuth || c.ClientAuth == "" && c.ClientCertificate != nil && c.ClientAssertion == nil && c.secretField() == ""
}

// secretField is the field with the client's secret, "" for none.
func (c Config) secretField() string {
	switch {
	case c.ClientSecret != "":
		return "ClientSecret"
	case c.ClientSecretFunc != nil:
		return "ClientSecretFunc"
	}
	return ""
}

func (c Config) checkAssertion(found *mistakes) {
	found.add("Config.ClientID", clientauth.Post.CheckID(c.ClientID)) // it is sent in the form
	if field := c.secretField(); field != "" {
		found.add("Config."+field, errors.New("and Config.ClientAssertion are both set: choose one"))
	}
	if c.ClientAuth != "" {
		found.add("Config.ClientAuth", errors.New("and Config.ClientAssertion are both set: remove ClientAuth"))
	}
	c.assertion().Check(func(field string, err error) { found.add("ClientAssertion."+field, err) })
}

func (c Config) checkByCertificate(found *mistakes) {
	found.add("Config.ClientID", clientauth.Post.CheckID(c.ClientID)) // it is sent in the form
	if field := c.secretField(); field != "" {
		found.add("Config.ClientAuth", fmt.Errorf("is %q, which sends no secret, and Config.%s is set: remove one of them", TLSClientAuth, field))
	}
	if c.ClientCertificate == nil && c.Transport == nil {
		found.add("Config.ClientAuth", fmt.Errorf("is %q, and there is no certificate: set ClientCertificate, or a Transport that has one", TLSClientAuth))
	}
}

func (c Config) checkTransport(found *mistakes) {
	found.add("Config.Transport", endpoint.CheckTransport(c.Transport))
	if c.Transport == nil {
		return
	}
	if c.CAFile != "" {
		found.add("Config.CAFile", errors.New("and Config.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)"))
	}
	if c.ClientCertificate != nil {
		found.add("Config.ClientCertificate", errors.New("and Config.Transport are both set: let the Transport's TLSClientConfig have it, as GetClientCertificate"))
	}
}
