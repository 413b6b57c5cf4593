package core

import (
	"errors"
	"fmt"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/tokensource"
)

// checkClient returns the mistakes in our credentials.
func (c *Config) checkClient() []error {
	p := &c.Profile
	switch {
	case p.field == "": // how the credentials travel depends on it
		return nil
	case p.noAssertion != "" && c.ClientAssertion != nil:
		return []error{mistake("ClientAssertion", fmt.Errorf("is set, and %s takes no assertions: use a secret", p.noAssertion))}
	case p.source != nil:
		return c.checkUnused("are set beside RFC7662Config.TokenSource: choose one")
	case p.clientAuth == noClientAuth:
		return c.checkUnused("would not be sent: remove them, or set MobileFirst7Config.ClientAuth")
	case c.ClientAssertion != nil:
		return c.checkAssertion()
	case c.isByCertificate():
		return c.checkByCertificate()
	}
	if err := c.checkSecret(); err != nil {
		return []error{err}
	}
	return nil
}

// checkUnused returns a mistake if there are credentials, which have no use.
func (c *Config) checkUnused(fix string) []error {
	switch {
	case c.ClientAssertion != nil:
		return []error{mistake("ClientID", errors.New("and its ClientAssertion "+fix))}
	case c.ClientID != "" || c.secretField() != "":
		return []error{mistake("ClientID", errors.New("and its secret "+fix))}
	}
	return nil
}

func (c *Config) checkSecret() error {
	style := c.style()
	if err := style.CheckID(c.ClientID); err != nil {
		return mistake("ClientID", err)
	}
	if c.ClientSecretFunc != nil {
		if c.ClientSecret != "" {
			return mistake("ClientSecret", errors.New("and Config.ClientSecretFunc are both set: choose one"))
		}
		return nil
	}
	if c.ClientSecret == "" && c.Profile.noAssertion == "" && c.Profile.clientAuth == "" {
		return mistake("ClientSecret", errors.New("is empty, and ClientSecretFunc, ClientAssertion and ClientCertificate are not set: set one of them"))
	}
	if err := style.CheckSecret(string(c.ClientSecret)); err != nil {
		return mistake("ClientSecret", err)
	}
	return nil
}

func (c *Config) checkAssertion() (mistakes []error) {
	mistakes = c.checkFormID()
	if field := c.secretField(); field != "" {
		mistakes = append(mistakes, mistake(field, errors.New("and Config.ClientAssertion are both set: choose one")))
	}
	if c.Profile.clientAuth != "" {
		mistakes = append(mistakes, &ConfigError{Field: c.Profile.authField(), Err: errors.New("and Config.ClientAssertion are both set: remove ClientAuth")})
	}
	a := c.assertion()
	a.Check(func(field string, err error) {
		if field == "Audience" && a.Audience == "" {
			err = fmt.Errorf("is empty, and so is %s.Issuer: set one to the issuer identifier of the server", c.Profile.config())
		}
		mistakes = append(mistakes, &ConfigError{Field: "ClientAssertion." + field, Err: err})
	})
	return mistakes
}

func (c *Config) checkByCertificate() (mistakes []error) {
	mistakes = c.checkFormID()
	add := func(format string, args ...any) {
		mistakes = append(mistakes, &ConfigError{Field: c.Profile.authField(), Err: fmt.Errorf(format, args...)})
	}
	if field := c.secretField(); field != "" {
		add("is %q, which sends no secret, and Config.%s is set: remove one of them", tokensource.TLSClientAuth, field)
	}
	if c.ClientCertificate == nil && c.Transport == nil {
		add("is %q, and there is no certificate: set Config.ClientCertificate, or a Transport that has one", tokensource.TLSClientAuth)
	}
	return mistakes
}

// checkFormID returns the mistake in an id that is sent in the form.
func (c *Config) checkFormID() []error {
	if err := clientauth.Post.CheckID(c.ClientID); err != nil {
		return []error{mistake("ClientID", err)}
	}
	return nil
}

// authField is the field that says how our credentials travel.
func (p *Profile) authField() string {
	return p.config() + ".ClientAuth"
}
