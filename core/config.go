package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/memcache"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Config describes a Verifier. Only Profile, ClientID and a secret are needed; every other field has a default that suits
// production.
type Config struct {
	// Profile is the authorization server: MobileFirst8(base) or RFC7662(config).
	Profile Profile
	// ClientID and ClientSecret are this service's own credentials at the authorization server.
	ClientID     string
	ClientSecret tokensource.Secret
	// ClientSecretFunc, instead of ClientSecret, is asked whenever the secret is needed, so that a rotated one is picked up
	// without a restart. It must be safe for concurrent use.
	ClientSecretFunc func(context.Context) (tokensource.Secret, error)

	// CacheTTL is the longest time for which an active answer is remembered; the token's own end comes first. Nil means
	// one minute. Zero, new(time.Duration(0)), turns the cache for active answers off.
	CacheTTL *time.Duration
	// NegativeTTL is how long an inactive answer is remembered. Nil means 5s. Zero turns that off.
	NegativeTTL *time.Duration
	// CacheEntries and NegativeEntries bound the number of remembered active and inactive answers. Neither displaces the
	// other. Zero means 50 000 and 8 192.
	CacheEntries, NegativeEntries int
	// CacheBytes bounds the memory of remembered active answers: each counts with its body and some 340 bytes besides, and what
	// its audiences take. Where there is no room, the oldest that is not in use goes first. An answer that takes more than the
	// 64th part is not remembered; the server is asked on each request. (Below 4096 CacheEntries the parts are fewer and larger.)
	// Zero means 64 MiB; less than 64 KiB is an error. Inactive answers have one size, and are bounded by their number.
	CacheBytes int

	// Skew is by how much the clocks of this service and of the server may differ when "exp" and "nbf" are held against
	// ours. It never prolongs what is remembered. Zero means none.
	Skew time.Duration
	// MaxTokenBytes is the greatest length of a token; a longer one is refused unseen. Zero means 8 KiB.
	MaxTokenBytes int
	// MaxResponseBytes bounds an answer of the introspection endpoint, after decompression. Zero means 1 MiB. (One of the
	// token endpoint may always have 1 MiB.)
	MaxResponseBytes int
	// Timeout bounds the wait for an answer: for a free call (two fifths of it at most), for a token of our own, the call, and
	// its one repetition. It must be 1ms to 1h. Zero means 5s.
	Timeout time.Duration
	// MaxInFlight bounds the concurrent calls to the introspection endpoint. A quarter of them (none of fewer than four) is
	// kept for tokens that were active before. Zero means 64, and more, up to 1024, while requests wait and the server
	// answers as fast as before. Requests beyond that wait for two fifths of Timeout at most, 2 048 of them; when more come,
	// those that have waited longest get 503.
	MaxInFlight int

	// Transport carries the requests to the server. Nil means what tokensource.NewTransport(CAFile) returns, with MaxInFlight
	// idle connections. Redirects are never followed, whatever it is. It should have a method CloseIdleConnections, also if it
	// wraps another one: that is called after a failure. If it bounds its connections (MaxConnsPerHost), let it have eight
	// more than MaxInFlight, or calls that hang keep the guard's own question from being asked.
	Transport http.RoundTripper
	// CAFile is a PEM file with the certificates of the authorities that may vouch for the server, and of no others. New reads
	// it, once. Empty means the system's. With a Transport it is an error: wrap tokensource.NewTransport(caFile) instead.
	CAFile string
	// InsecureHTTP allows http:// to a server that is not on loopback. Tokens and the secret can be read by anybody on the
	// way: only for a network that nobody else is on.
	InsecureHTTP bool

	// Logger gets refused tokens (Debug), trouble with the server (Warn), and refusals of our own credentials (Error). It never
	// gets a token or personal data. Nil means no logging.
	Logger *slog.Logger
	// Trace is called along the way of each request. The zero Trace calls nothing.
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

// New returns a Verifier. It checks c, does no I/O, and so succeeds while the server is down; see Verifier.Ready. Every error
// names the field and the fix.
func New(c Config) (*Verifier, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}
	c.Logger = contain.Logger(c.Logger)
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	if c.Transport == nil {
		t, err := endpoint.OpenTransport(cmp.Or(c.MaxInFlight, mostInFlight), c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("core: Config.CAFile %w", err)
		}
		c.Transport = t
	}
	asker, err := c.introspector()
	if err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}
	keys, err := newKeyer()
	if err != nil {
		return nil, fmt.Errorf("core: making a key for the cache: %w", err)
	}
	c.warn()
	clock := newClock()
	v := &Verifier{
		clock:        clock,
		profile:      c.Profile,
		introspector: asker,
		keys:         keys,
		maxToken:     cmp.Or(c.MaxTokenBytes, 8<<10),
		skew:         c.Skew,
		log:          c.Logger,
	}
	v.trace.set(c.Trace, c.Logger)
	asker.trace = &v.trace
	v.cache = caching{
		ask:         asker.introspect,
		epoch:       clock.epoch,
		ttl:         min(or(c.CacheTTL, time.Minute), longestTTL),
		negativeTTL: min(or(c.NegativeTTL, 5*time.Second), longestTTL),
		active:      memcache.New(cmp.Or(c.CacheEntries, 50_000), cmp.Or(c.CacheBytes, 64<<20), (*introspection).size),
		inactive:    memcache.New[time.Duration](cmp.Or(c.NegativeEntries, 8_192), 0, nil),
	}
	v.cache.flights.Timeout = c.Timeout
	v.cache.flights.Keep = v.cache.keep
	return v, nil
}

func or(d *time.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return *d
}

// minCacheBytes is what 64 usual answers take.
const minCacheBytes = 64 << 10

// check returns the first mistake in c.
func (c *Config) check() error {
	for _, f := range []struct {
		name  string
		value int64
		text  any
	}{
		{"CacheTTL", int64(or(c.CacheTTL, 0)), or(c.CacheTTL, 0)},
		{"NegativeTTL", int64(or(c.NegativeTTL, 0)), or(c.NegativeTTL, 0)},
		{"Skew", int64(c.Skew), c.Skew},
		{"Timeout", int64(c.Timeout), c.Timeout},
		{"CacheEntries", int64(c.CacheEntries), c.CacheEntries},
		{"NegativeEntries", int64(c.NegativeEntries), c.NegativeEntries},
		{"CacheBytes", int64(c.CacheBytes), c.CacheBytes},
		{"MaxTokenBytes", int64(c.MaxTokenBytes), c.MaxTokenBytes},
		{"MaxResponseBytes", int64(c.MaxResponseBytes), c.MaxResponseBytes},
		{"MaxInFlight", int64(c.MaxInFlight), c.MaxInFlight},
	} {
		if f.value < 0 {
			return fmt.Errorf("%s is %v, want >= 0", "Config."+f.name, f.text)
		}
	}
	if c.Timeout != 0 && (c.Timeout < minTimeout || c.Timeout > maxTimeout) {
		return fmt.Errorf("%s is %v, want %v to %v", "Config.Timeout", c.Timeout, minTimeout, maxTimeout)
	}
	if c.CacheBytes > 0 && c.CacheBytes < minCacheBytes {
		return fmt.Errorf("Config.CacheBytes is %d, want at least %d, or 0 for 64 MiB: it counts bytes", c.CacheBytes, minCacheBytes)
	}
	if err := endpoint.CheckTransport(c.Transport); err != nil {
		return fmt.Errorf("Config.Transport %w", err)
	}
	if c.CAFile != "" && c.Transport != nil {
		return errors.New("Config.CAFile and Config.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)")
	}
	if err := c.checkProfile(); err != nil {
		return err
	}
	return c.checkClient()
}

func (c *Config) checkProfile() error {
	p := &c.Profile
	if p.name == "" {
		return errors.New("Config.Profile is not set: use core.MobileFirst8(base) or core.RFC7662(config)")
	}
	if p.err != nil {
		return fmt.Errorf("Config.Profile: %s: %w", p.name, p.err)
	}
	if _, err := endpoint.CheckURL(p.endpoint, c.InsecureHTTP); err != nil {
		return fmt.Errorf("Config.Profile: %s: the URL %w", p.name, err)
	}
	return nil
}

func (c *Config) checkClient() error {
	if c.Profile.source != nil {
		if c.ClientID != "" || c.ClientSecret != "" || c.ClientSecretFunc != nil {
			return errors.New("Config.ClientID and its secret are set beside RFC7662Config.TokenSource: choose one")
		}
		return nil
	}
	style := clientauth.Style(c.Profile.clientAuth)
	if err := style.CheckID(c.ClientID); err != nil {
		return fmt.Errorf("Config.ClientID %w", err)
	}
	if c.ClientSecretFunc != nil {
		if c.ClientSecret != "" {
			return errors.New("Config.ClientSecret and Config.ClientSecretFunc are both set: choose one")
		}
		return nil
	}
	if err := style.CheckSecret(string(c.ClientSecret)); err != nil {
		return fmt.Errorf("Config.ClientSecret %w", err)
	}
	return nil
}

// introspector builds the client of the introspection endpoint, with the source of our own token if it wants one.
func (c *Config) introspector() (*introspector, error) {
	u, err := url.Parse(c.Profile.endpoint)
	if err != nil {
		return nil, err
	}
	u.RawQuery = ""
	i := &introspector{
		profile: c.Profile,
		url:     u.String(),
		post: endpoint.New(endpoint.Options{
			URL: c.Profile.endpoint, Transport: c.Transport, MaxBody: c.MaxResponseBytes,
		}),
		own:     c.Profile.source,
		client:  clientauth.Client{ID: c.ClientID, Style: clientauth.Style(c.Profile.clientAuth), Secret: c.secret},
		budget:  new(endpoint.Budget),
		attempt: c.Timeout * 3 / 5,
		panics:  contain.Hook{Name: "Config.Transport or Config.ClientSecretFunc", Log: c.Logger},
		log:     c.Logger,
	}
	i.gate = admission.New(admission.Config{
		Slots: cmp.Or(c.MaxInFlight, inFlight), MaxSlots: cmp.Or(c.MaxInFlight, mostInFlight), Waiting: maxWaiting, Patience: c.Timeout * 2 / 5, Timeout: c.Timeout,
		Ask: i.askOurselves, Changed: i.changed,
	})
	if c.Profile.tokenURL != "" {
		i.own, err = tokensource.New(tokensource.Config{
			TokenURL: c.Profile.tokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret, ClientSecretFunc: c.ClientSecretFunc,
			ClientAuth: c.Profile.clientAuth, Scope: c.Profile.tokenScope, Timeout: c.Timeout,
			Transport: c.Transport, InsecureHTTP: c.InsecureHTTP, Logger: c.Logger,
		})
	}
	return i, err
}

func (c *Config) secret(ctx context.Context) (string, error) {
	if c.ClientSecretFunc == nil {
		return string(c.ClientSecret), nil
	}
	s, err := c.ClientSecretFunc(ctx)
	return string(s), err
}

// warn logs what is legal and yet hardly meant.
func (c *Config) warn() {
	u, err := url.Parse(c.Profile.endpoint)
	if err != nil || endpoint.Loopback(u.Hostname()) {
		return
	}
	if slices.Contains(strings.Fields(c.Profile.defaultClients), c.ClientID+":"+string(c.ClientSecret)) {
		c.Logger.Warn("the client secret is the default one that everybody knows: change it", slog.String("client_id", c.ClientID))
	}
	if u.Scheme == "http" {
		c.Logger.Warn("tokens and the client secret travel unencrypted (InsecureHTTP)", slog.String("host", u.Host))
	}
}
