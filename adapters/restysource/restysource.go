// Package restysource makes resty clients that send the token of a [tokensource.Source].
//
//	client := restysource.New(src.Transport(nil, "https://mfp.example.com:9443"))
//	client.SetBaseURL("https://mfp.example.com:9443/mfp/api")
//	res, err := client.R().SetBody(order).Post("/adapters/shop/orders")
//
// Do not call SetAuthToken, SetBasicAuth and the like: a request that already has credentials is
// sent with those, and without the token.
package restysource

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/mfpguard/mfpguard/tokensource"
)

// timeout bounds a whole request. SetTimeout changes it.
const timeout = 30 * time.Second

const redacted = "[REDACTED]"

// New returns a resty client over t. It has no cookie jar and a timeout of 30 seconds. Its debug
// output contains no credentials: resty does not see the token, and other secrets in header fields
// are redacted.
//
// The client retries only after a call of SetRetryCount. Then it repeats a request without an
// answer if the repetition is safe: the method is idempotent, the request has an Idempotency-Key,
// or it was not sent, because there was no token or no connection. Conditions that you add with
// AddRetryCondition apply in addition, without this check.
//
// Every attempt sends the body of the first one, also if that came from an io.Reader or a multipart
// field. A body is kept in memory until the request ends.
//
// New panics if t is nil.
func New(t *tokensource.Transport) *resty.Client {
	if t == nil {
		panic("restysource: New needs a Transport: pass src.Transport(nil, origins...)")
	}
	c := resty.NewWithClient(&http.Client{Transport: bodies{t}, Timeout: timeout})
	keepBodies(c)
	c.AddRetryCondition(safeToRepeat)
	c.OnRequestLog(func(l *resty.RequestLog) error {
		redact(l.Header, "Authorization", "Proxy-Authorization", "Cookie")
		return nil
	})
	c.OnResponseLog(func(l *resty.ResponseLog) error {
		redact(l.Header, "Set-Cookie")
		return nil
	})
	return c
}

// safeToRepeat is the retry condition. It replaces resty's own rule, which repeats every failed
// request.
func safeToRepeat(res *resty.Response, err error) bool {
	if err == nil || res == nil {
		return false
	}
	if e, ok := errors.AsType[*tokensource.EndpointError](err); ok {
		return e.Status == 0 || e.Status >= http.StatusInternalServerError
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	switch res.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return res.Request.Header.Get("Idempotency-Key") != ""
}

// redact hides fields of h, which is a copy that resty made for its log.
func redact(h http.Header, names ...string) {
	for _, name := range names {
		if h.Get(name) != "" {
			h.Set(name, redacted)
		}
	}
}
