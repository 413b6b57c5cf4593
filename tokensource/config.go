package tokensource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// ClientAuth is how a confidential client's id and secret travel (RFC 6749 section 2.3.1).
type ClientAuth string

// The ways of client authentication. The two Basic ones differ as soon as the id or the secret has a character that a form
// escapes, such as $ @ + / % : = or a blank.
const (
	// BasicRaw sends base64(id:secret) as it is. MobileFirst 8.0 wants this.
	BasicRaw = ClientAuth(clientauth.BasicRaw)
	// Basic form-encodes both halves first, as RFC 6749 says.
	Basic = ClientAuth(clientauth.Basic)
	// Post sends client_id and client_secret in the form.
	Post = ClientAuth(clientauth.Post)
)

// Config describes a confidential client and the token that it asks for. Only TokenURL, ClientID and a secret are needed.
type Config struct {
	// TokenURL is the token endpoint, for MobileFirst 8.0 https://host:port/<runtime>/api/az/v1/token.
	TokenURL string
	// ClientID and ClientSecret are the client's credentials.
	ClientID     string
	ClientSecret Secret
	// ClientSecretFunc, instead of ClientSecret, returns the secret as it is now, so that a rotated
	// secret takes effect without a restart. It is called before each attempt of a fetch, and a few
	// times a second at most after a refusal, to see whether the secret has changed. It must be safe
	// for concurrent use and return within Timeout.
	ClientSecretFunc func(context.Context) (Secret, error)
	// ClientAuth is how they are sent. Zero means BasicRaw.
	ClientAuth ClientAuth
	// Scope is the space-separated list of scope elements to ask for. Zero sends no scope parameter: MobileFirst grants
	// RegisteredClient then.
	Scope string
	// Timeout bounds one fetch, its retry included, between 1ms and 1h. A fetch that goes on all the same, because a function
	// of the program ignores its context, is given up 100ms later. Zero means 5s.
	Timeout time.Duration
	// Transport carries the requests. Nil means NewTransport(CAFile). Redirects are never followed, whatever it is. It should
	// have a method CloseIdleConnections, also if it wraps another one: that is called after a failure.
	Transport http.RoundTripper
	// CAFile is a PEM file with the certificates of the authorities that may vouch for the server, and of no others. New reads
	// it, once. Empty means the system's. With a Transport it is an error: wrap NewTransport(caFile) instead.
	CAFile string
	// InsecureHTTP allows an http:// TokenURL to a host that is not loopback, and lets Source.Transport send the token to
	// such hosts. The secret and the tokens can be read by anybody on the way: only for a network that nobody else is on.
	InsecureHTTP bool
	// Logger gets failed fetches (Warn, or Error when our credentials were refused) and renewals (Debug). Nil means none.
	Logger *slog.Logger
	// Renewed is called after each fetch, good or bad, for metrics. It must be safe for concurrent use and return soon. Nil
	// means that nobody wants to know. A panic of any function in this Config, or of the Logger's handler, changes nothing
	// but what the function was for, and is logged once as an error.
	Renewed func(Renewal)
}

const (
	defaultLifetime = 5 * time.Minute // of a token without expires_in; a refusal ends it earlier
	maxLifetime     = 24 * time.Hour  // of any token
	maxRetryAfter   = time.Minute

	defaultTimeout = 5 * time.Second
	leastTimeout   = time.Millisecond
	mostTimeout    = time.Hour
)

// New returns a Source for the client credentials grant (RFC 6749 section 4.4). It checks c and does no I/O: the first token
// is fetched when somebody asks for it, so a program starts while the server is down.
func New(c Config) (*Source, error) {
	c.ClientAuth = cmp.Or(c.ClientAuth, BasicRaw)
	u, err := c.check()
	if err != nil {
		return nil, err
	}
	u.RawQuery = ""
	if c.Transport == nil {
		if c.Transport, err = endpoint.OpenTransport(idleConns, c.CAFile); err != nil {
			return nil, mistake("CAFile", err)
		}
	}
	c.Logger = contain.Logger(c.Logger)
	g := &clientCredentials{
		url:      u.String(),
		endpoint: endpoint.New(endpoint.Options{URL: c.TokenURL, Transport: c.Transport}),
		id:       c.ClientID, style: clientauth.Style(c.ClientAuth), secret: c.secret(),
		key:  newFingerprintKey(),
		hook: contain.Hook{Name: "Config.Transport", Log: c.Logger},
	}
	family := &family{sources: map[string]*Source{}}
	renewed := c.renewed()
	family.create = func(scope string) *Source {
		s := newSource(func(ctx context.Context, used *fingerprint) (Token, error) { return g.fetch(ctx, scope, used) })
		s.timeout = cmp.Or(c.Timeout, defaultTimeout)
		s.scope, s.family, s.insecure, s.renewed, s.log = scope, family, c.InsecureHTTP, renewed, c.Logger
		if c.ClientSecretFunc != nil {
			s.secret = g.secretNow
		}
		return s
	}
	return family.member(c.Scope), nil
}

// secret returns how the client's secret is had; a panic of the program's function is an error.
func (c Config) secret() clientauth.Secret {
	if c.ClientSecretFunc == nil {
		return func(context.Context) (string, error) { return string(c.ClientSecret), nil }
	}
	hook := &contain.Hook{Name: "Config.ClientSecretFunc", Log: c.Logger}
	return func(ctx context.Context) (string, error) {
		secret, err := Secret(""), errPanicked
		hook.Call(func() { secret, err = c.ClientSecretFunc(ctx) })
		return string(secret), err
	}
}

// renewed returns Renewed with its panics contained, or nil.
func (c Config) renewed() func(Renewal) {
	if c.Renewed == nil {
		return nil
	}
	hook := &contain.Hook{Name: "Config.Renewed", Log: c.Logger}
	return func(r Renewal) { hook.Call(func() { c.Renewed(r) }) }
}

// check returns the first mistake in c, a *ConfigError that names the field and the fix.
func (c Config) check() (*url.URL, error) {
	style := clientauth.Style(c.ClientAuth)
	if err := style.CheckID(c.ClientID); err != nil {
		return nil, mistake("ClientID", err)
	}
	switch {
	case c.ClientSecret != "" && c.ClientSecretFunc != nil:
		return nil, mistake("ClientSecret", errors.New("and Config.ClientSecretFunc are both set: choose one"))
	case c.ClientSecretFunc == nil:
		if err := style.CheckSecret(string(c.ClientSecret)); err != nil {
			return nil, mistake("ClientSecret", err)
		}
	}
	if err := CheckScope(c.Scope); err != nil {
		return nil, mistake("Scope", err)
	}
	if c.Timeout != 0 && (c.Timeout < leastTimeout || c.Timeout > mostTimeout) {
		return nil, mistake("Timeout", fmt.Errorf("is %v, want %v to %v, or 0 for %v", c.Timeout, leastTimeout, mostTimeout, defaultTimeout))
	}
	if c.CAFile != "" && c.Transport != nil {
		return nil, mistake("CAFile", errors.New("and Config.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)"))
	}
	if err := endpoint.CheckTransport(c.Transport); err != nil {
		return nil, mistake("Transport", err)
	}
	u, err := endpoint.CheckURL(c.TokenURL, c.InsecureHTTP)
	if err != nil {
		return nil, mistake("TokenURL", err)
	}
	return u, nil
}

// mistake is the error of New about one field of Config.
func mistake(field string, err error) error {
	return fmt.Errorf("tokensource: %w", &ConfigError{Field: "Config." + field, Err: err})
}

// CheckScope says why scope is not a space-separated list of scope tokens (RFC 6749 section 3.3). An empty list is fine.
func CheckScope(scope string) error {
	for i := range len(scope) {
		if c := scope[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return fmt.Errorf("has the character %q, which a scope cannot have (RFC 6749 section 3.3)", c)
		}
	}
	return nil
}
