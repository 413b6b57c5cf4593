// Package restysource makes resty clients whose requests carry the token of a tokensource.Source.
//
//	client := restysource.New(src.Transport(nil, "https://mfp.example.com:9443"))
//	res, err := client.R().SetBody(order).Post("https://mfp.example.com:9443/mfp/api/adapters/shop/orders")
//
// Leave SetAuthToken, SetBasicAuth and the like alone: a request that has credentials already goes out with those and without
// the token.
package restysource

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/mfpguard/mfpguard/tokensource"
)

// timeout is that of a whole request, as long as nobody calls SetTimeout.
const timeout = 30 * time.Second

const redacted = "[REDACTED]"

// New returns a resty client over t. It has no cookie jar, a timeout of 30 seconds, and shows no credentials in its debug
// output: the token is put on below resty, and what else is secret in a header is redacted.
//
// It does not retry unless SetRetryCount says so. Then a request that came to no answer is repeated only if that cannot do a
// thing twice: its method is idempotent or it has an Idempotency-Key, or it was never sent, for want of a token or of a
// connection. Conditions of your own (AddRetryCondition) come on top and are not held back.
func New(t *tokensource.Transport) *resty.Client {
	c := resty.NewWithClient(&http.Client{Transport: t, Timeout: timeout})
	c.AddRetryCondition(harmless)
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

// harmless is the retry condition. That there is one takes the place of resty's own rule, which repeats whatever failed.
func harmless(res *resty.Response, err error) bool {
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

// redact works on a copy of a header that resty made for its log.
func redact(h http.Header, names ...string) {
	for _, name := range names {
		if h.Get(name) != "" {
			h.Set(name, redacted)
		}
	}
}
