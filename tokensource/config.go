package tokensource

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// ClientAuth is how a confidential client authenticates (RFC 6749 section 2.3).
type ClientAuth string

// The ways of client authentication that need to be named. The two Basic ones differ if the id or
// the secret has a character that a form escapes, such as $ @ + / % : = or a blank.
const (
	// BasicRaw sends base64(id:secret) as it is. MobileFirst 8.0 wants this.
	BasicRaw = ClientAuth(clientauth.BasicRaw)
	// Basic form-encodes both halves first, as RFC 6749 says.
	Basic = ClientAuth(clientauth.Basic)
	// Post sends client_id and client_secret in the form.
	Post = ClientAuth(clientauth.Post)
	// TLSClientAuth sends client_id alone: the TLS certificate of the client authenticates it (RFC
	// 8705 section 2).
	TLSClientAuth ClientAuth = "tls_client_auth"
)

// Config describes a confidential client and the token that it asks for. Only TokenURL and ClientID
// are required, and one of ClientSecret, ClientSecretFunc, ClientAssertion and ClientCertificate.
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
	// ClientAssertion, instead of a secret, authenticates the client with its private key.
	ClientAssertion *ClientAssertion
	// ClientCertificate returns the certificate that each new connection to the server presents, as
	// the field GetClientCertificate of tls.Config; see [CertificateFiles]. It must be safe for
	// concurrent use and return soon.
	//
	// Without a secret and a ClientAssertion it authenticates the client, as ClientAuth
	// [TLSClientAuth] does. Beside one of them it is for a gateway, and nothing else changes. A
	// connection is used for five minutes at most, so that a new certificate takes effect soon.
	//
	// It cannot be set beside Transport: let the Transport's TLSClientConfig have it.
	ClientCertificate func(*tls.CertificateRequestInfo) (*tls.Certificate, error)
	// ClientAuth is how ClientID and the secret are sent. Zero means [BasicRaw]. [TLSClientAuth] is
	// for a Transport that presents a certificate. A ClientAuth beside ClientAssertion is an error.
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
	// Transport sends the requests. Nil means NewTransport(CAFile), with ClientCertificate. Redirects
	// are never followed. A Transport, also one that wraps another, should have a method
	// CloseIdleConnections, which is called after a failure.
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
// token, so a program starts while the server is down. An error names all mistakes in c, one a
// line. Each is a [*ConfigError].
func New(c Config) (*Source, error) {
	c.Logger, c.Timeout = contain.Logger(c.Logger), cmp.Or(c.Timeout, defaultTimeout)
	u, found := c.check()
	transport, err := c.transport()
	found.add("Config.CAFile", err)
	if len(found) > 0 {
		return nil, found.join()
	}
	u.RawQuery = ""
	g := &clientCredentials{
		url:      u.String(),
		endpoint: endpoint.New(endpoint.Options{URL: c.TokenURL, Transport: transport}),
		complete: c.RequireScope, timeout: c.Timeout,
		credentials: c.credentials(),
		hook:        contain.Hook{Name: "Config.Transport", Log: c.Logger},
	}
	scoped := &scopedSources{sources: map[string]*Source{}}
	renewed := c.renewed()
	scoped.create = func(scope string) *Source {
		s := newSource(func(ctx context.Context, used *fingerprint) (Token, error) { return g.fetch(ctx, scope, used) })
		s.timeout, s.secret = c.Timeout, g.now
		s.scope, s.scoped, s.insecure, s.renewed, s.log = scope, scoped, c.InsecureHTTP, renewed, c.Logger
		return s
	}
	return scoped.get(c.Scope), nil
}

// transport returns Transport, or the one that a nil Transport means. Its error is about CAFile.
func (c Config) transport() (http.RoundTripper, error) {
	if c.Transport != nil {
		return c.Transport, nil
	}
	t, err := endpoint.OpenTransport(idleConns, c.CAFile)
	if err != nil || c.ClientCertificate == nil {
		return t, err
	}
	return endpoint.WithCertificate(t, c.ClientCertificate, &contain.Hook{Name: "Config.ClientCertificate", Log: c.Logger}), nil
}

// renewed returns Renewed with its panics contained, or nil.
func (c Config) renewed() func(Renewal) {
	if c.Renewed == nil {
		return nil
	}
	hook := &contain.Hook{Name: "Config.Renewed", Log: c.Logger}
	return func(r Renewal) { hook.Call(func() { c.Renewed(r) }) }
}
