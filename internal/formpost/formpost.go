// Package formpost sends one form to one endpoint and brings back a bounded answer.
//
// It is the only place that talks HTTP to an authorization server: redirects are never followed (a 307 would re-post the
// form, token and all, to another host), bodies are read through a limit that counts decompressed bytes, every attempt has
// a deadline, and a transport failure or 5xx is tried a second time while the retry budget lasts. It judges nothing: every
// status is an answer for the caller to read.
package formpost

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// Defaults of Options.
const (
	DefaultAttemptTimeout = 3 * time.Second
	DefaultMaxBody        = 1 << 20
	maxJitter             = 200 * time.Millisecond
)

// ErrTooLarge reports an answer longer than Options.MaxBody.
var ErrTooLarge = errors.New("answer exceeds the size limit")

// Options configure a Client.
type Options struct {
	URL            string            // where to post; checked by CheckURL
	Transport      http.RoundTripper // nil means NewTransport(64)
	AttemptTimeout time.Duration     // one attempt, body included; zero means DefaultAttemptTimeout
	MaxBody        int               // bytes after decompression; zero means DefaultMaxBody
}

// Client posts forms to one endpoint. It is safe for concurrent use.
type Client struct {
	url     string
	rest    *resty.Client
	attempt time.Duration
	budget  budget
}

// Response is what the endpoint answered, whatever its status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// New returns a Client for the endpoint that o names.
func New(o Options) *Client {
	if o.Transport == nil {
		o.Transport = NewTransport(64)
	}
	if o.AttemptTimeout == 0 {
		o.AttemptTimeout = DefaultAttemptTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	rest := resty.NewWithClient(&http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	rest.SetLogger(silent{})
	rest.SetResponseBodyLimit(o.MaxBody)
	rest.SetHeader("Accept", "application/json")
	rest.SetHeader("User-Agent", "mfpguard")
	rest.SetHeader("Content-Type", "application/x-www-form-urlencoded")
	return &Client{url: o.URL, rest: rest, attempt: o.AttemptTimeout, budget: newBudget()}
}

// Post sends form with the extra header fields and reads the answer. An error means that there was none: nothing of what
// was sent, and nothing of a body, is in its text.
func (c *Client) Post(ctx context.Context, header http.Header, form url.Values) (*Response, error) {
	c.budget.deposit()
	body := form.Encode()
	for attempt := 0; ; attempt++ {
		res, err := c.once(ctx, header, form, body)
		if attempt > 0 || !transient(res, err) || ctx.Err() != nil || !c.budget.withdraw() {
			return res, err
		}
		pause := time.NewTimer(rand.N(maxJitter))
		select {
		case <-ctx.Done():
			pause.Stop()
			return res, err
		case <-pause.C:
		}
	}
}

// once is a single bounded attempt.
func (c *Client) once(ctx context.Context, header http.Header, form url.Values, body string) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.attempt)
	defer cancel()
	req := c.rest.R().SetContext(ctx).SetBody(strings.NewReader(body)) // a reader, because resty copies all else twice
	maps.Copy(req.Header, header)
	res, err := req.Post(c.url)
	if err != nil {
		if errors.Is(err, resty.ErrResponseBodyTooLarge) {
			return nil, ErrTooLarge
		}
		return nil, cleanse(err, header, form)
	}
	return &Response{Status: res.StatusCode(), Header: res.Header(), Body: res.Body()}, nil
}

// transient says whether a second attempt may help: the endpoint was not reached, cut its answer short, or failed. An
// endpoint that names a time with Retry-After is taken at its word.
func transient(res *Response, err error) bool {
	if err != nil {
		return !errors.Is(err, ErrTooLarge) && !errors.Is(err, context.Canceled)
	}
	switch res.Status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return res.Header.Get("Retry-After") == ""
	}
	return false
}

// NewTransport returns the transport that the clients use unless told otherwise: proxies from the environment, TLS 1.2 or
// later, two seconds to connect, and as many idle connections per host as there are calls in flight. It is no clone of
// http.DefaultTransport, which programs replace, and whose certificate checks some turn off.
func NewTransport(inFlight int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConns:           2 * inFlight,
		MaxIdleConnsPerHost:    inFlight,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// silent keeps resty from printing: its warnings name URLs.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
