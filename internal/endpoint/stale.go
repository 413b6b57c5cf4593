package endpoint

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// connTrace observes the connection of one attempt. Its fields are atomic, because a transport may
// continue after the attempt.
type connTrace struct {
	reused   atomic.Bool // the connection has carried a request before
	answered atomic.Bool // a byte of an answer came
}

// watch returns ctx with a trace that sets the fields.
func (s *connTrace) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { s.reused.Store(i.Reused) },
		GotFirstResponseByte: func() { s.answered.Store(true) },
	})
}

// stale reports whether a failed attempt met a connection that was probably dead before.
func (s *connTrace) stale() bool { return s.reused.Load() && !s.answered.Load() }
