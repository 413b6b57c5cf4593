package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/tokensource"
)

// ErrNoIntrospectionEndpoint is the mistake of a Config whose Metadata names no introspection
// endpoint. [New] returns it if RFC7662Config.IntrospectionURL is empty, too.
var ErrNoIntrospectionEndpoint = errors.New("the server's metadata names no introspection endpoint")

// discovered is what a profile takes from the metadata of its server.
type discovered struct {
	metadata *Metadata
	at       func(introspectionURL string) introspect.Server // nil if the address was given by hand
}

// discovered returns nil without metadata.
func (c *RFC7662Config) discovered() *discovered {
	if c.Metadata == nil {
		return nil
	}
	d := &discovered{metadata: c.Metadata}
	if c.IntrospectionURL == "" {
		d.at = c.at
	}
	return d
}

// checkMetadata returns the mistakes in what stands beside the metadata, each a *ConfigError.
func (c *RFC7662Config) checkMetadata() (mistakes []error) {
	m := c.Metadata
	if m == nil {
		return nil
	}
	add := func(field string, err error) {
		mistakes = append(mistakes, &ConfigError{Field: "RFC7662Config." + field, Err: err})
	}
	known := []string{m.IntrospectionURL, m.TLSIntrospectionURL}
	switch {
	case c.IntrospectionURL == "" && m.IntrospectionURL == "":
		add("IntrospectionURL", fmt.Errorf("is empty, and %w (%s): set IntrospectionURL by hand", ErrNoIntrospectionEndpoint, m.Issuer))
	case c.IntrospectionURL != "" && m.IntrospectionURL != "" && !slices.Contains(known, c.IntrospectionURL):
		add("IntrospectionURL", fmt.Errorf("is not the one of Metadata, %s: leave it empty, or leave Metadata out", m.IntrospectionURL))
	}
	if c.Issuer != "" && c.Issuer != m.Issuer {
		add("Issuer", fmt.Errorf("is %q, and that of Metadata is %q: leave it empty", c.Issuer, m.Issuer))
	}
	usable := func(alg string) bool { return slices.Contains(jose.Algorithms, alg) }
	if c.JWTAnswers != nil && m.IntrospectionAlgs != nil && !slices.ContainsFunc(m.IntrospectionAlgs, usable) {
		add("JWTAnswers", fmt.Errorf("are signed by the server with none of %q: leave JWTAnswers out", jose.Algorithms))
	}
	return mistakes
}

// The names of our ways to authenticate (RFC 8414 section 2, RFC 6750).
const (
	clientSecretBasic   = "client_secret_basic"
	clientSecretPost    = "client_secret_post"
	tlsClientAuth       = "tls_client_auth"
	selfSignedTLS       = "self_signed_tls_client_auth"
	bearerToken         = "Bearer"
	supportedByThisCode = clientSecretBasic + ", " + clientSecretPost + ", " + privateKeyJWT + ", " + tlsClientAuth + " or " + bearerToken
)

// authMethods returns the names for the way in which we authenticate at the introspection endpoint.
// One of them must be supported. No names mean that no credentials are sent.
func (c *Config) authMethods() []string {
	switch {
	case c.Profile.source != nil, c.Profile.token != nil:
		return []string{bearerToken}
	case c.Profile.clientAuth == noClientAuth:
		return nil
	case c.ClientAssertion != nil:
		return []string{privateKeyJWT}
	case c.isByCertificate():
		return []string{tlsClientAuth, selfSignedTLS}
	case c.Profile.clientAuth == tokensource.Post:
		return []string{clientSecretPost}
	}
	return []string{clientSecretBasic}
}

// locate sets the server's address, if that comes from metadata: which one depends on how we
// authenticate.
func (c *Config) locate() {
	d := c.Profile.discovered
	if d == nil || d.at == nil {
		return
	}
	c.Profile.server = nil // reported as a mistake
	if url := d.metadata.introspectionFor(c.authMethods()); url != "" {
		c.Profile.server = d.at(url)
	}
}

// introspectionFor returns the introspection endpoint for clients that authenticate in one of these
// ways. With a TLS certificate it is the alias, if there is one (RFC 8705 section 5).
func (m *Metadata) introspectionFor(methods []string) string {
	if m.TLSIntrospectionURL != "" && (slices.Contains(methods, tlsClientAuth) || slices.Contains(methods, selfSignedTLS)) {
		return m.TLSIntrospectionURL
	}
	return m.IntrospectionURL
}

// checkAuthMethod returns an error if the server's metadata says that it does not support our way
// to authenticate.
func (c *Config) checkAuthMethod() error {
	if c.Profile.discovered == nil {
		return nil
	}
	ours, theirs := c.authMethods(), c.Profile.discovered.metadata.IntrospectionAuthMethods
	if len(ours) == 0 || len(theirs) == 0 || slices.ContainsFunc(theirs, func(method string) bool { return supports(method, ours) }) {
		return nil
	}
	return &ConfigError{Field: "RFC7662Config.ClientAuth", Err: fmt.Errorf(
		"means %s, and the server supports %.*s for introspection: choose one of these, of which this library has %s, or leave Metadata out",
		strings.Join(ours, " or "), 10*maxShown, fmt.Sprintf("%q", theirs), supportedByThisCode)}
}

// supports reports whether a method that a server names is one of ours. Types of access tokens have
// no case (RFC 6749 section 5.1).
func supports(method string, ours []string) bool {
	return slices.Contains(ours, method) || strings.EqualFold(method, bearerToken) && slices.Contains(ours, bearerToken)
}
