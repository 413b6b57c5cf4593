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

// ClientAuth is how a confidential client's id and secret are sent (RFC 6749 section 2.3.1).
type ClientAuth string

// The ways of client authentication. The two Basic ones differ if the id or the secret has a
// character that a form escapes, such as $ @ + / % : = or a blank.
const (
	// BasicRaw sends base64(id:secret) as it is. MobileFirst 8.0 wants this.
	BasicRaw = ClientAuth(clientauth.BasicRaw)
	// Basic form-encodes both halves first, as RFC 6749 says.
	Basic = ClientAuth(clientauth.Basic)
	// Post sends client_id and client_secret in the form.
	Post = ClientAuth(clientauth.Post)
)

// Config describes a confidential client and the token that it asks for. Only TokenURL, ClientID
// and a secret are required.
//
// A panic in a function of the Config or in the Logger's handler is contained. The first panic of
// each is logged as an error.
type Config struct {
	// TokenURL is the token endpoint, for MobileFirst 8.0 https://host:port/<runtime>/api/az/v1/token.
	TokenURL string
	// ClientID and ClientSecret are the client's credentials. A byte order mark and line breaks at the
	// end of a secret, as some editors leave them in a file, are removed.
	ClientID     string
	ClientSecret Secret
	// ClientSecretFunc, instead of ClientSecret, returns the secret as it is now, so that a rotated
	// secret takes effect without a restart. It is called before each attempt of a fetch, and a few
	// times a second at most after a refusal, to see whether the secret has changed. It must be safe
	// for concurrent use and return within Timeout.
	ClientSecretFunc func(context.Context) (Secret, error)
	// ClientAuth is how they are sent. Zero means [BasicRaw].
	ClientAuth ClientAuth
	// Scope is the space-separated list of scope elements to ask for. Empty sends no scope parameter;
	// MobileFirst then grants RegisteredClient.
	Scope string
	// RequireScope makes it an error if the server grants less than Scope. Without it the Source takes
	// the token, and logs once (Warn) which elements are missing.
	RequireScope bool
	// Timeout bounds one fetch, retries included. It is between 1ms and 1h; zero means 5s. If a
	// function of the program ignores its context, the fetch is abandoned 100ms after the Timeout.
	Timeout time.Duration
	// Transport sends the requests. Nil means NewTransport(CAFile). Redirects are never followed. A
	// Transport, also one that wraps another, should have a method CloseIdleConnections, which is
	// called after a failure.
	Transport http.RoundTripper
	// CAFile is a PEM file with the certificates of the only authorities to trust. New reads it once.
	// Empty means those of the system. CAFile beside Transport is an error: let the Transport wrap
	// NewTransport(caFile).
	CAFile string
	// InsecureHTTP allows an http:// TokenURL to a host that is not loopback, and lets
	// [Source.Transport] send the token to such hosts. Every machine on the way can read the secret
	// and the tokens: set it only in a network that you control.
	InsecureHTTP bool
	// Logger gets one line when fetches begin to fail or fail in another way (Warn, or Error if the
	// server refused our credentials), when there is no valid token any more (Warn) and when there is
	// one again (Info), when the granted scope lacks something (Warn), and each fetch (Debug). Nil
	// means slog.Default(); slog.New(slog.DiscardHandler) is silent.
	Logger *slog.Logger
	// Renewed is called after each fetch, successful or not, for instance for metrics. It must be safe
	// for concurrent use and return soon. Nil means none.
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

// New returns a Source for the client credentials grant (RFC 6749 section 4.4). It checks c, reads
// CAFile if there is one, and sends nothing: the first call of [Source.Token] fetches the first
// token, so a program starts while the server is down. An error about c wraps a [*ConfigError].
func New(c Config) (*Source, error) {
	c.ClientAuth = cmp.Or(c.ClientAuth, BasicRaw)
	u, err := c.check()
	if err != nil {
		return nil, err
	}
	u.RawQuery = ""
	if c.Transport == nil {
		if c.Transport, err = endpoint.OpenTransport(idleConns, c.CAFile); err != nil {
			return nil, configError("CAFile", err)
		}
	}
	c.Logger, c.Timeout = contain.Logger(c.Logger), cmp.Or(c.Timeout, defaultTimeout)
	g := &clientCredentials{
		url:      u.String(),
		endpoint: endpoint.New(endpoint.Options{URL: c.TokenURL, Transport: c.Transport}),
		complete: c.RequireScope, timeout: c.Timeout,
		id: c.ClientID, style: clientauth.Style(c.ClientAuth), secret: c.secret(),
		key:  newFingerprintKey(),
		hook: contain.Hook{Name: "Config.Transport", Log: c.Logger},
	}
	scoped := &scopedSources{sources: map[string]*Source{}}
	renewed := c.renewed()
	scoped.create = func(scope string) *Source {
		s := newSource(func(ctx context.Context, used *fingerprint) (Token, error) { return g.fetch(ctx, scope, used) })
		s.timeout = c.Timeout
		s.scope, s.scoped, s.insecure, s.renewed, s.log = scope, scoped, c.InsecureHTTP, renewed, c.Logger
		if c.ClientSecretFunc != nil {
			s.secret = g.secretNow
		}
		return s
	}
	return scoped.get(c.Scope), nil
}

// secret returns the function that reads the client's secret. A panic in the program's function is
// an error of it.
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

// check returns the first mistake in c as an error that wraps a *ConfigError.
func (c Config) check() (*url.URL, error) {
	style := clientauth.Style(c.ClientAuth)
	if err := style.CheckID(c.ClientID); err != nil {
		return nil, configError("ClientID", err)
	}
	switch {
	case c.ClientSecret != "" && c.ClientSecretFunc != nil:
		return nil, configError("ClientSecret", errors.New("and Config.ClientSecretFunc are both set: choose one"))
	case c.ClientSecretFunc == nil:
		if err := style.CheckSecret(string(c.ClientSecret)); err != nil {
			return nil, configError("ClientSecret", err)
		}
	}
	if err := CheckScope(c.Scope); err != nil {
		return nil, configError("Scope", err)
	}
	if c.Timeout != 0 && (c.Timeout < leastTimeout || c.Timeout > mostTimeout) {
		return nil, configError("Timeout", fmt.Errorf("is %v, want %v to %v, or 0 for %v", c.Timeout, leastTimeout, mostTimeout, defaultTimeout))
	}
	if c.CAFile != "" && c.Transport != nil {
		return nil, configError("CAFile", errors.New("and Config.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)"))
	}
	if err := endpoint.CheckTransport(c.Transport); err != nil {
		return nil, configError("Transport", err)
	}
	u, err := endpoint.CheckURL(c.TokenURL, c.InsecureHTTP)
	if err == nil {
		err = checkTokenPath(u)
	}
	if err != nil {
		return nil, configError("TokenURL", err)
	}
	return u, nil
}

// configError returns the error of New about one field of Config.
func configError(field string, err error) error {
	return fmt.Errorf("tokensource: %w", &ConfigError{Field: "Config." + field, Err: err})
}
