package core

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/memcache"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Config describes a Verifier. Profile is needed, and ClientID with one of ClientSecret,
// ClientSecretFunc, ClientAssertion and ClientCertificate, unless the Profile sends no credentials
// of ours. Every other field has a default that suits production.
type Config struct {
	// Profile is the authorization server: MobileFirst8(base), MobileFirst7(config), Curity(config) or
	// RFC7662(config).
	Profile Profile
	// ClientID and ClientSecret are this service's own credentials at the authorization server.
	ClientID     string
	ClientSecret tokensource.Secret
	// ClientSecretFunc takes the place of ClientSecret: it returns the secret as it is now, each
	// time that it is needed, so that a rotated secret works without a restart. It must be safe for
	// concurrent use.
	ClientSecretFunc func(context.Context) (tokensource.Secret, error)
	// ClientAssertion takes the place of a secret: it authenticates this service with its private
	// key. A zero Audience means the issuer of the Profile. MobileFirst takes no assertions.
	ClientAssertion *tokensource.ClientAssertion
	// ClientCertificate returns the certificate that each new connection to the server presents, as
	// the field GetClientCertificate of tls.Config; see tokensource.CertificateFiles. It must be safe
	// for concurrent use and return soon.
	//
	// Without a secret and a ClientAssertion it authenticates this service (RFC 8705), unless the
	// Profile names another way. Otherwise, and always with MobileFirst, it is for a gateway, and
	// nothing else changes. A connection carries new requests for five minutes at most, so that a new
	// certificate takes effect soon.
	//
	// It cannot be set beside Transport: let the Transport's TLSClientConfig have it.
	ClientCertificate func(*tls.CertificateRequestInfo) (*tls.Certificate, error)

	// CacheTTL is how long an active answer is remembered, at most: the end of the token comes
	// first. A request in the last fifth of that time has the server asked again in the background,
	// so that requests with a token in use do not wait. Nil means one minute. Zero,
	// new(time.Duration(0)), remembers no active answer.
	CacheTTL *time.Duration
	// NegativeTTL is how long an inactive answer is remembered. Nil means 5s. Zero turns that off.
	NegativeTTL *time.Duration
	// CacheEntries and NegativeEntries bound the number of remembered answers, active and inactive.
	// Neither kind displaces the other. Zero means 50 000 and 8 192.
	CacheEntries, NegativeEntries int
	// CacheBytes bounds the memory of remembered active answers. An answer counts with its body and
	// about 300 bytes more. If there is no room, the oldest answer that is not in use goes first.
	// An answer that takes more than a 64th of CacheBytes is not remembered. (Below 4 096
	// CacheEntries the part is larger.) Zero means 64 MiB; less than 64 KiB is an error. Inactive
	// answers all have one size, so their number is their bound.
	CacheBytes int

	// Skew is how far the clock of this service and that of the server may differ, when "exp" and
	// "nbf" are compared with ours. It does not prolong what is remembered. Zero means none for
	// "exp", and a minute, as always at least, for "nbf" and "iat".
	Skew time.Duration
	// MaxTokenBytes is the greatest length of a token. A longer one is refused, and nothing is
	// sent. Zero means 8 KiB.
	MaxTokenBytes int
	// MaxResponseBytes bounds an answer of the introspection endpoint, after decompression. Zero
	// means 1 MiB. It does not change the bound for the token endpoint, which is 1 MiB.
	MaxResponseBytes int
	// Timeout bounds the wait for an answer: for a free call (two fifths of Timeout at most), for a
	// token of our own, for the call, and for its one repetition. It must be 1ms to 1h. Zero means
	// 5s.
	Timeout time.Duration
	// MaxInFlight bounds the concurrent calls to the introspection endpoint. A quarter of them is
	// kept for tokens that were active before, if there are four or more. Zero means 64, growing up
	// to 1 024 while requests wait and the server answers as fast as before.
	//
	// Further requests wait, 2 048 at most, for two fifths of Timeout at most. When more come,
	// those that have waited longest get 503. Calls in the background begin while half of the calls
	// are free, and are cancelled when a request has to wait.
	MaxInFlight int

	// Transport carries the requests to the server. Nil means what tokensource.NewTransport(CAFile)
	// returns, with MaxInFlight idle connections and ClientCertificate. Redirects are not followed,
	// with any Transport.
	//
	// One of your own should have a method CloseIdleConnections, also when it wraps another one:
	// the method is called after a failure. If it bounds its connections (MaxConnsPerHost), the
	// bound should be MaxInFlight and eight more, so that the guard's own question gets through
	// when calls hang.
	Transport http.RoundTripper
	// CAFile is a PEM file with the certificates of the authorities that may vouch for the server; no
	// other authority may then. New reads it, and no call later. Empty means those of the system. It
	// cannot be set beside Transport: wrap tokensource.NewTransport(caFile) instead.
	CAFile string
	// InsecureHTTP allows http:// to a server that is not on loopback. Each machine on the way can
	// then read the tokens and the secret. Set it only for a network of your own.
	InsecureHTTP bool

	// Logger gets refused tokens (Debug; where the configuration may be wrong, Warn once a
	// minute), trouble with the server (Warn), and refusals of our own credentials (Error). It
	// gets no token and no personal data. Nil means slog.Default(); for silence, set
	// slog.New(slog.DiscardHandler).
	Logger *slog.Logger
	// Trace is called along the way of each request. The zero Trace does nothing.
	Trace Trace
}

// What Config.MaxInFlight is by default, at first and at most.
const (
	inFlight     = 64
	mostInFlight = 1024
)

// What Config.Timeout may be.
const (
	minTimeout = time.Millisecond
	maxTimeout = time.Hour
)

// New returns a Verifier. It checks c and reads CAFile; it does no other I/O, so it succeeds while
// the server is down (see [Verifier.Ready]). An error names all mistakes, one a line. A mistake in
// a field is a [*ConfigError], and its text names the fix.
func New(c Config) (*Verifier, error) {
	c.locate()
	if mistakes := c.check(); len(mistakes) > 0 {
		return nil, joinMistakes(mistakes)
	}
	c.Logger = contain.Logger(c.Logger)
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	if err := c.openTransport(); err != nil {
		return nil, err
	}
	keys, err := newKeyer()
	if err != nil {
		return nil, fmt.Errorf("core: making a key for the cache: %w", err)
	}
	v := &Verifier{
		clock:    newClock(),
		profile:  c.Profile,
		keys:     keys,
		maxToken: cmp.Or(c.MaxTokenBytes, 8<<10),
		skew:     c.Skew,
		timeout:  c.Timeout,
		log:      c.Logger,
	}
	v.remembered = origin{v}
	v.asked.Store(&origin{v})
	v.trace.set(c.Trace, c.Logger)
	if v.introspector, err = c.introspector(&v.trace); err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}
	v.lookout = introspect.NewLookout(c.Profile.server, c.Transport, c.Logger)
	c.warn()
	v.cache = caching{
		ask:         v.introspector.Introspect,
		epoch:       v.clock.epoch,
		ttl:         min(valueOr(c.CacheTTL, time.Minute), longestTTL),
		negativeTTL: min(valueOr(c.NegativeTTL, 5*time.Second), longestTTL),
		active:      memcache.New(cmp.Or(c.CacheEntries, 50_000), cmp.Or(c.CacheBytes, 64<<20), (*introspect.Introspection).Size),
		inactive:    memcache.New[time.Duration](cmp.Or(c.NegativeEntries, 8_192), 0, nil),
	}
	v.cache.flights.Timeout = c.Timeout
	v.cache.flights.Keep = v.cache.keep
	v.cache.flights.Joined = v.joined()
	return v, nil
}

// openTransport sets Transport, if it is not set.
func (c *Config) openTransport() error {
	if c.Transport != nil {
		return nil
	}
	t, err := endpoint.OpenTransport(cmp.Or(c.MaxInFlight, mostInFlight), c.CAFile)
	if err != nil {
		return fmt.Errorf("core: %w", mistake("CAFile", err))
	}
	c.Transport = t
	if c.ClientCertificate != nil {
		c.Transport = endpoint.WithCertificate(t, c.ClientCertificate, &contain.Hook{Name: "Config.ClientCertificate", Log: c.Logger})
	}
	return nil
}

// joined returns what is called when a request joins a call. Ready's questions are no requests.
func (v *Verifier) joined() func(context.Context, memcache.Key) {
	ready := v.readyKey()
	return func(ctx context.Context, key memcache.Key) {
		if key != ready {
			v.trace.onJoined.run(ctx, JoinedInfo{})
		}
	}
}

func valueOr(d *time.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return *d
}

// introspector builds the client of the introspection endpoint, with the source of our own token
// if it wants one.
func (c *Config) introspector(trace *hooks) (asker, error) {
	if s, ok := c.Profile.server.(*introspect.MobileFirst7); ok && c.Profile.offline {
		return introspect.NewOffline(s, c.Profile.anyID, introspect.Config{Transport: c.Transport, Timeout: c.Timeout, Log: c.Logger}), nil
	}
	source, tokenURL := c.Profile.source, ""
	if c.Profile.token != nil {
		var err error
		if source, err = tokensource.New(c.tokenConfig(trace)); err != nil {
			return nil, err
		}
		tokenURL = c.Profile.token.TokenURL
	}
	return introspect.New(introspect.Config{
		Server: c.Profile.server, Transport: c.Transport, MaxBody: c.MaxResponseBytes, Timeout: c.Timeout,
		Slots: cmp.Or(c.MaxInFlight, inFlight), MaxSlots: cmp.Or(c.MaxInFlight, mostInFlight),
		ClientToken: source, TokenURL: tokenURL,
		Client: c.clientMethod(), ClientID: c.ClientID, Leeway: max(c.Skew, leeway),
		Log: c.Logger, Events: trace.events(),
	})
}

// warn logs what is legal, and most likely a mistake.
func (c *Config) warn() {
	u, err := url.Parse(c.Profile.server.URL())
	if err != nil || endpoint.Loopback(u.Hostname()) {
		return
	}
	if c.Profile.server.IsDefaultClient(c.ClientID, string(c.ClientSecret)) {
		c.Logger.Warn("the client secret is the default one that everybody knows: change it", slog.String("client_id", c.ClientID))
	}
	if u.Scheme == "http" {
		c.Logger.Warn("tokens and the client secret travel unencrypted (InsecureHTTP)", slog.String("host", u.Host))
	}
}
