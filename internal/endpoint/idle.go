package endpoint

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// closeEvery is the shortest time between two closings. A stranger whose tokens make a firewall
// reset connections must not cause a new handshake for every call.
const closeEvery = time.Second

// Idle closes the idle connections of a transport after a failure, because connections often die
// together. It does nothing for a transport without a method CloseIdleConnections. It is safe for
// concurrent use.
type Idle struct {
	Transport http.RoundTripper

	mu     sync.Mutex
	closed time.Time // when they were closed last
}

// Failed records a call that ended without an answer. It is no failure if the caller canceled ctx.
func (i *Idle) Failed(ctx context.Context, err error) {
	if err == nil || errors.Is(err, context.Canceled) || ctx.Err() == context.Canceled {
		return
	}
	if closer, ok := i.Transport.(interface{ CloseIdleConnections() }); ok && i.due() {
		closer.CloseIdleConnections()
	}
}

// due reports whether the connections may be closed again, and if so records the time.
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
