// Package endpoint sends one form to one endpoint and brings back a bounded answer.
//
// It is the only place that talks HTTP to an authorization server: redirects are never followed (a 307 would re-post the
// form, token and all, to another host), and bodies are read through a limit that counts decompressed bytes. Time is bounded
// by the caller's context alone, which must have a deadline: an answer that is under way is waited for, and a second attempt
// begins only when the first has failed. The package judges nothing: every status is an answer for the caller to read.
//
// The forms must be safe to send twice, as introspection and token requests are. A question that met a dead connection
// ([Client.Once]) is sent again at once, and idle connections are closed after a failure, because those that broke with it
// look alive.
package endpoint

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"
)

const (
	defaultMaxBody = 1 << 20
	maxJitter      = 200 * time.Millisecond // before the repetition of a failed question
	maxStale       = 2                      // repetitions of a question that met a dead connection
)

// ErrTooLarge reports an answer longer than Options.MaxBody.
var ErrTooLarge = errors.New("answer exceeds the size limit")

// Options configure a Client.
type Options struct {
	URL       string            // where to post; checked by CheckURL
	Transport http.RoundTripper // nil means NewTransport(64)
	MaxBody   int               // bytes after decompression; zero means 1 MiB
}

// Client posts forms to one endpoint. It is safe for concurrent use.
type Client struct {
	url    string
	rest   *resty.Client
	fresh  func() *resty.Client // over connections that nobody has used
	idle   Idle
	budget Budget
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
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	c := &Client{url: o.URL, rest: newRest(o.Transport, o.MaxBody), idle: Idle{Transport: o.Transport}}
	c.fresh = sync.OnceValue(func() *resty.Client {
		if t := unpooled(o.Transport); t != nil {
			return newRest(t, o.MaxBody)
		}
		return c.rest
	})
	return c
}

func newRest(transport http.RoundTripper, maxBody int) *resty.Client {
	rest := resty.NewWithClient(&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	rest.SetLogger(silent{})
	rest.SetResponseBodyLimit(maxBody)
	rest.SetHeader("Accept", "application/json")
	rest.SetHeader("User-Agent", "mfpguard")
	rest.SetHeader("Content-Type", "application/x-www-form-urlencoded")
	return rest
}

// Post is Once with one repetition, after a short pause, of what failed and may succeed the next time, while the
// Client's own Budget lasts.
func (c *Client) Post(ctx context.Context, header http.Header, form url.Values) (*Response, error) {
	res, err := c.Once(ctx, header, form)
	if good(res, err) {
		c.budget.Earn()
	}
	if !transient(res, err) || ctx.Err() != nil || !c.budget.Spend() {
		return res, err
	}
	pause := time.NewTimer(rand.N(maxJitter))
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return res, err
	case <-pause.C:
	}
	res, err = c.Once(ctx, header, form)
	if good(res, err) {
		c.budget.Earn()
	}
	return res, err
}

// Once sends form with the extra header fields and reads the answer. An error means that there was none: nothing of what was
// sent, and nothing of a body, is in its text.
//
// A connection that was used before and then brings nothing at all says nothing about the server: it may have been dead for
// long. So the question is sent again at once, at most twice, while ctx lives; the last time, if the transport is an
// *http.Transport, over a connection of its own, which cannot be a dead one from the pool. (net/http would repeat too if the
// request had a key Idempotency-Key, but over every idle connection in turn: one token that a firewall resets would cost all
// of them.)
func (c *Client) Once(ctx context.Context, header http.Header, form url.Values) (*Response, error) {
	body := form.Encode()
	rest := c.rest
	for repetition := 0; ; repetition++ {
		if repetition == maxStale {
			rest = c.fresh()
		}
		var seen sighting
		res, err := c.send(seen.watch(ctx), rest, header, body)
		if err == nil {
			return res, nil
		}
		if errors.Is(err, resty.ErrResponseBodyTooLarge) {
			return nil, ErrTooLarge
		}
		c.idle.Failed(ctx, err)
		if repetition == maxStale || ctx.Err() != nil || timedOut(err) || !seen.stale() {
			return nil, redact(err, header, form)
		}
	}
}

func (c *Client) send(ctx context.Context, rest *resty.Client, header http.Header, body string) (*Response, error) {
	req := rest.R().SetContext(ctx).SetBody(strings.NewReader(body)) // a reader, because resty copies all else twice
	maps.Copy(req.Header, header)
	res, err := req.Post(c.url)
	if err != nil {
		return nil, err
	}
	return &Response{Status: res.StatusCode(), Header: res.Header(), Body: res.Body()}, nil
}

// timedOut says that err comes from a clock, ours or the transport's, and not from the connection.
func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// transient says whether a repetition may help what Once returned: the endpoint was not reached, cut its answer short, or
// failed. An endpoint that names a time with Retry-After is taken at its word.
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

// good says that an endpoint did its work, whatever it thinks of the question.
func good(res *Response, err error) bool {
	return err == nil && res.Status < 500 && res.Status != http.StatusTooManyRequests
}

// silent keeps resty from printing: its warnings name URLs.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
