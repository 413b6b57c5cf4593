package restysource

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/go-resty/resty/v2"
)

// execution is one call of a request's Execute, with all its attempts. resty makes an http.Request
// of each attempt, and reads an io.Reader again that is at its end by then. So every attempt gets
// the body of the first one.
type execution struct {
	begins bool          // the next request is an attempt's first, and not that of a redirect
	first  *http.Request // of the first attempt; nil before
}

type executionKey struct{}

// keepBodies makes client send the same body with each attempt.
func keepBodies(client *resty.Client) {
	client.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error {
		e, ok := r.Context().Value(executionKey{}).(*execution)
		if !ok {
			e = &execution{}
			r.SetContext(context.WithValue(r.Context(), executionKey{}, e))
		}
		e.begins = true
		if _, isReader := r.Body.(io.Reader); isReader && e.first != nil && e.first.GetBody != nil {
			r.Body, _ = e.first.GetBody() // the program's reader may be closed
		}
		return nil
	})
	// A program may execute a request again, with another body.
	client.OnSuccess(func(_ *resty.Client, res *resty.Response) { forget(res.Request) })
	client.OnError(func(r *resty.Request, _ error) { forget(r) })
}

func forget(r *resty.Request) {
	if e, ok := r.Context().Value(executionKey{}).(*execution); ok {
		e.first = nil
	}
}

// bodies is a transport that replaces the bodies of second attempts.
type bodies struct{ http.RoundTripper }

var errNoBody = errors.New("restysource: no second attempt, because the body cannot be sent again")

// RoundTrip implements http.RoundTripper.
func (b bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	e, ok := r.Context().Value(executionKey{}).(*execution)
	if !ok || !e.begins {
		return b.RoundTripper.RoundTrip(r)
	}
	e.begins = false
	if e.first == nil {
		e.first = r
		return b.RoundTripper.RoundTrip(r)
	}
	again, err := repeated(r, e.first)
	if err != nil {
		return nil, err
	}
	return b.RoundTripper.RoundTrip(again)
}

// CloseIdleConnections closes those of the transport.
func (b bodies) CloseIdleConnections() {
	if c, ok := b.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// repeated returns r with the body of first. A multipart body has its separator in the
// Content-Type.
func repeated(r, first *http.Request) (*http.Request, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	again := r.Clone(r.Context())
	again.Body, again.GetBody, again.ContentLength = first.Body, first.GetBody, first.ContentLength
	if kind, ok := first.Header["Content-Type"]; ok {
		again.Header["Content-Type"] = kind
	}
	if first.Body == nil || first.Body == http.NoBody {
		return again, nil
	}
	if first.GetBody == nil {
		return nil, errNoBody
	}
	var err error
	if again.Body, err = first.GetBody(); err != nil {
		return nil, errNoBody
	}
	return again, nil
}
