package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// trip tells how far a message has got.
type trip struct {
	open atomic.Bool // it may have arrived, and nothing says that it was turned away
}

type tripKey struct{}

func (t *trip) watch(ctx context.Context) context.Context {
	return context.WithValue(ctx, tripKey{}, t)
}

// watched observes the requests below the transport that adds the token and may repeat them.
type watched struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	t, ok := r.Context().Value(tripKey{}).(*trip)
	if !ok {
		return nil, errors.New("pushjob: a request that nobody follows")
	}
	res, err := w.base.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { t.open.Store(true) },
	})))
	switch {
	case err == nil && provesRefusal(res):
		t.open.Store(false)
	case dialing(err):
		// A connection that it got before was dead: net/http dials again for a POST only if it has
		// written nothing.
		t.open.Store(false)
	}
	return res, err
}

// CloseIdleConnections closes the idle connections of the base.
func (w *watched) CloseIdleConnections() {
	if c, ok := w.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func dialing(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
