package endpoint

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// closeEvery is how often idle connections are closed at most: a stranger whose questions make a firewall reset connections
// must not cost everybody a new handshake each time.
const closeEvery = time.Second

// Idle closes the idle connections of a transport after failures: where one connection has died without a word, others have.
// Transports without a method CloseIdleConnections are left alone. It is safe for concurrent use.
type Idle struct {
	Transport http.RoundTripper

	mu     sync.Mutex
	closed time.Time // the last time that they were
}

// Failed is told of a call that brought no answer. A caller who left, the end of ctx without a deadline, is no failure.
func (i *Idle) Failed(ctx context.Context, err error) {
	if err == nil || errors.Is(err, context.Canceled) || ctx.Err() == context.Canceled {
		return
	}
	if closer, ok := i.Transport.(interface{ CloseIdleConnections() }); ok && i.due() {
		closer.CloseIdleConnections()
	}
}

// due says whether it is time again, and notes that it was.
func (i *Idle) due() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	if now.Sub(i.closed) < closeEvery {
		return false
	}
	i.closed = now
	return true
}

// sighting is what was seen of a connection during one attempt. A transport may go on after the attempt, so it is atomic.
type sighting struct {
	reused   atomic.Bool // the connection has carried a request before
	answered atomic.Bool // something of an answer came
}

// watch returns ctx with a trace that notes what is seen.
func (s *sighting) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { s.reused.Store(i.Reused) },
		GotFirstResponseByte: func() { s.answered.Store(true) },
	})
}

// stale says that a failed attempt met a connection that was dead already, as far as can be seen.
func (s *sighting) stale() bool { return s.reused.Load() && !s.answered.Load() }
