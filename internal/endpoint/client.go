// Package endpoint sends forms to one endpoint of an authorization server and returns its answers.
// It also reads the server's documents, such as its keys ([Client.Get]). No other package of the
// module talks HTTP to an authorization server.
//
// A [Client] never follows a redirect, because a 307 would send the form with the token to another
// host, and a document counts only at the address that was configured. It limits the size of an
// answer after decompression. It does not limit the time: the caller's context must have a
// deadline. Every status is an answer, and the caller decides what it means.
//
// Forms must be safe to send twice, as introspection and token requests are. [Client.Once] sends a
// form again after a dead connection, [Client.Post] also after a failure that may pass
// ([Transient]). A second attempt begins only after the first one has failed. Each attempt has
// credentials of its own, see [Credentials].
//
// After a failure the Client closes the idle connections, because connections that broke together
// look alive one by one; see [Idle].
package endpoint

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"
)

const (
	defaultMaxBody = 1 << 20
	maxStale       = 2 // repetitions after an attempt that met a dead connection
)

// ErrTooLarge means that an answer was longer than [Options.MaxBody].
var ErrTooLarge = errors.New("answer exceeds the size limit")

// Options configure a Client.
type Options struct {
	URL       string            // of the endpoint or document; checked by CheckURL
	Transport http.RoundTripper // nil means NewTransport(64)
	MaxBody   int               // bytes after decompression; zero means 1 MiB
	Accept    string            // the media type to ask for; "" means application/json
}

// Client posts forms to one endpoint, or reads one document. It is safe for concurrent use.
type Client struct {
	url    string
	host   string // of url
	plain  bool   // url is http://
	rest   *resty.Client
	fresh  func() *resty.Client // each of its connections is new
	idle   Idle
	budget Budget
}

// Response is the endpoint's answer, whatever its status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Sent   time.Time // just before the attempt that was answered was sent
}

// New returns a Client for the endpoint that o names.
func New(o Options) *Client {
	if o.Transport == nil {
		o.Transport = NewTransport(64)
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Accept == "" {
		o.Accept = "application/json"
	}
	c := &Client{url: o.URL}
	if u, err := url.Parse(o.URL); err == nil {
		c.host, c.plain = u.Hostname(), u.Scheme == "http"
	}
	c.rest, c.idle.Transport = newRest(o.Transport, o.MaxBody, o.Accept), o.Transport
	c.fresh = sync.OnceValue(func() *resty.Client {
		if t := unpooled(o.Transport); t != nil {
			return newRest(t, o.MaxBody, o.Accept)
		}
		return c.rest
	})
	return c
}

func newRest(transport http.RoundTripper, maxBody int, accept string) *resty.Client {
	rest := resty.NewWithClient(&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	rest.SetLogger(silent{})
	rest.SetResponseBodyLimit(maxBody)
	rest.SetHeader("Accept", accept)
	rest.SetHeader("User-Agent", "mfpguard")
	return rest
}

// Once sends form with the credentials of auth and reads the answer; a nil auth sends none. An
// error means that there was no answer. Its text contains nothing of what was sent or received. It
// is an [AuthError] when nothing was sent because auth failed.
//
// A connection that was used before and then fails without a byte of an answer may have been dead
// for long. So the form is sent again at once, at most twice, while ctx lives. If the transport is
// an *http.Transport, the last attempt has a connection of its own, which cannot be a dead one
// from the pool. (net/http would repeat a request with an Idempotency-Key, but over every idle
// connection in turn. One token that makes a firewall reset connections would then cost all of
// them.)
func (c *Client) Once(ctx context.Context, form url.Values, auth Credentials) (*Response, error) {
	return c.overDead(ctx, func() (attempt, error) { return prepare(ctx, form, auth) })
}

// overDead sends what next returns, and repeats that over connections that were dead; see Once.
func (c *Client) overDead(ctx context.Context, next func() (attempt, error)) (*Response, error) {
	rest := c.rest
	var failed error // of the last attempt
	for repetition := 0; ; repetition++ {
		if repetition == maxStale {
			rest = c.fresh()
		}
		a, err := next()
		if err != nil && failed != nil {
			return nil, failed
		}
		if err != nil {
			return nil, err
		}
		var seen connTrace
		res, err := c.send(seen.watch(ctx), rest, a)
		if err == nil && c.plain && wantsTLS(res) {
			return nil, errWantsTLS
		}
		if err == nil {
			return res, nil
		}
		if errors.Is(err, resty.ErrResponseBodyTooLarge) {
			return nil, ErrTooLarge
		}
		c.idle.Failed(ctx, err)
		failed = redact(err, a, c.host)
		if repetition == maxStale || ctx.Err() != nil || timedOut(err) || !seen.stale() {
			return nil, failed
		}
	}
}

func (c *Client) send(ctx context.Context, rest *resty.Client, a attempt) (*Response, error) {
	sent := time.Now()
	req, method := rest.R().SetContext(ctx), http.MethodGet
	if !a.get {
		method = http.MethodPost
		req.SetHeader("Content-Type", "application/x-www-form-urlencoded")
		req.SetBody(strings.NewReader(a.form.Encode())) // resty would copy a string or a []byte twice
	}
	maps.Copy(req.Header, a.header)
	res, err := req.Execute(method, c.url)
	if err != nil {
		return nil, err
	}
	return &Response{Status: res.StatusCode(), Header: res.Header(), Body: res.Body(), Sent: sent}, nil
}

// timedOut reports whether a deadline, ours or the transport's, or the caller ended the attempt,
// and not the connection.
func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// silent is a logger that discards everything: resty's warnings contain URLs.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
