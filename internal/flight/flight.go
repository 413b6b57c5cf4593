// Package flight lets concurrent callers share one piece of work, a flight.
//
// It differs from a plain singleflight in four ways:
//
//   - A flight does not end when the caller that started it leaves: it has a context of its own,
//     bounded by the timeout of the group. Only a flight that is not sent yet is cancelled when its
//     last caller leaves.
//   - A caller may ask for a fresh result, one that was sent at a given time or later. It joins
//     every flight that is not sent yet. At most two flights for one key are sent at the same
//     time.
//   - Of several results for one key, the one that was sent last is kept, in whatever order they
//     come. A result whose key was forgotten meanwhile is delivered to its callers, and not kept.
//   - A panic of the work becomes an error for all its callers. Work that ignores the end of its
//     context is abandoned.
package flight

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Group shares work by key. Its fields are set before first use. A Group is safe for concurrent
// use.
type Group[K comparable, V any] struct {
	Timeout time.Duration // of one flight; must be positive

	// Keep receives each good result before a caller sees it, one at a time. It does not receive a
	// result whose key was forgotten meanwhile, nor one that was sent before a result that it has
	// received already. It may be nil.
	Keep func(K, V)

	// Joined is called when a caller of Do begins to wait for a flight that another caller started,
	// with the context of the one that joins. It may be nil.
	Joined func(context.Context, K)

	mu    sync.Mutex
	calls map[K][]*call[V] // under way, in the order in which they began; no slice is empty
}

// patience is how long a call waits for one of two others to finish.
const patience = time.Second

// maxSent is how many calls for one key may be in flight, unless they take longer than patience. It
// is two, so that a call that hangs does not hold up the next.
const maxSent = 2

type call[V any] struct {
	ctx      context.Context // of the work
	cancel   context.CancelFunc
	waiting  int           // callers
	after    []*call[V]    // one of these must finish first
	sent     time.Time     // zero until then
	resent   time.Time     // when it was sent last: later than sent after a repetition
	newest   time.Time     // when the newest of the results was sent that came meanwhile
	keep     bool          // the result may be kept
	finished chan struct{} // closed at the end
	value    V
	err      error
}

// grace is how long work may take to return after the end of its context.
const grace = 100 * time.Millisecond

// errIgnoredContext is the error of callers whose work has not returned within grace.
var errIgnoredContext = fmt.Errorf("flight: the work ignores its context: %w", context.DeadlineExceeded)

// Do returns the result of a flight for key. It joins one that is not sent yet or that was sent at
// notBefore or later; else it starts a new one, which runs fn. Fn must call sent just before it
// sends. Shared reports that Do joined a flight.
//
// Do returns when ctx ends; the flight then goes on without the caller. If fn ignores the end of
// its context, Do returns 100 ms after it. The context of fn has the values of ctx, but not its
// end.
func (g *Group[K, V]) Do(ctx context.Context, key K, notBefore time.Time,
	fn func(ctx context.Context, sent func()) (V, error),
) (v V, shared bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return v, false, err
	}
	c, shared := g.join(ctx, key, notBefore, fn)
	if shared && g.Joined != nil {
		g.Joined(ctx, key)
	}
	select {
	case <-c.finished:
		return c.value, shared, c.err
	case <-ctx.Done():
		g.leave(key, c)
		return v, shared, context.Cause(ctx)
	case <-c.ctx.Done():
	}
	overdue := time.NewTimer(grace)
	defer overdue.Stop()
	select {
	case <-c.finished:
		return c.value, shared, c.err
	case <-ctx.Done():
		g.leave(key, c)
		return v, shared, context.Cause(ctx)
	case <-overdue.C: // the next caller starts a new flight
		return v, shared, errIgnoredContext
	}
}

// Start starts a flight for key and does not wait for it, unless one is under way already. It
// reports whether it did. Callers of Do may join the flight.
func (g *Group[K, V]) Start(key K, fn func(ctx context.Context, sent func()) (V, error)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(key, (*call[V]).overdue)
	if len(g.calls[key]) > 0 {
		return false
	}
	g.begin(context.Background(), key, fn) // the one that waits is the group: it never leaves
	return true
}

// join returns the call to wait for, and whether another caller started it.
func (g *Group[K, V]) join(ctx context.Context, key K, notBefore time.Time,
	fn func(context.Context, func()) (V, error),
) (c *call[V], shared bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(key, (*call[V]).overdue)
	calls := g.calls[key]
	if c = joinable(calls, notBefore); c != nil {
		c.waiting++
		return c, true
	}
	return g.begin(ctx, key, fn), false
}

// begin starts a call that one waits for. g.mu is held.
func (g *Group[K, V]) begin(ctx context.Context, key K, fn func(context.Context, func()) (V, error)) *call[V] {
	calls := g.calls[key]
	c := &call[V]{waiting: 1, keep: true, finished: make(chan struct{})}
	c.ctx, c.cancel = context.WithTimeout(context.WithoutCancel(ctx), g.Timeout)
	if len(calls) >= maxSent {
		c.after = slices.Clone(calls)
	}
	if g.calls == nil {
		g.calls = make(map[K][]*call[V])
	}
	g.calls[key] = append(calls, c)
	go g.run(key, c, fn)
	return c
}

// joinable returns the call to join: the one sent last if it was sent at notBefore or later,
// because it is likely to finish first, else one that is not sent yet.
func joinable[V any](calls []*call[V], notBefore time.Time) (unsent *call[V]) {
	for _, c := range slices.Backward(calls) {
		if c.sent.IsZero() {
			unsent = c
		} else if !c.sent.Before(notBefore) {
			return c
		}
	}
	return unsent
}

// overdue reports whether the work has ignored the end of its context.
func (c *call[V]) overdue() bool {
	deadline, _ := c.ctx.Deadline()
	return time.Since(deadline) >= grace
}

// drop removes calls from the group. Their results are delivered to their callers, and not kept.
// g.mu is held.
func (g *Group[K, V]) drop(key K, which func(*call[V]) bool) {
	calls := slices.DeleteFunc(g.calls[key], func(c *call[V]) bool {
		if !which(c) {
			return false
		}
		c.keep = false
		return true
	})
	if len(calls) == 0 {
		delete(g.calls, key)
	} else {
		g.calls[key] = calls
	}
}

// leave notes that a caller waits no longer. A call that has lost its last caller and is not sent
// yet is cancelled.
func (g *Group[K, V]) leave(key K, c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.waiting--; c.waiting == 0 && c.sent.IsZero() {
		g.drop(key, func(other *call[V]) bool { return other == c })
		c.cancel()
	}
}

func (g *Group[K, V]) run(key K, c *call[V], fn func(context.Context, func()) (V, error)) {
	defer c.cancel()
	returned := false
	defer func() {
		if !returned { // fn panicked or called runtime.Goexit: recover from the first, report both
			c.err = fmt.Errorf("flight: the work ended in a panic: %T", recover())
		}
		g.finish(key, c)
		close(c.finished)
	}()
	c.value, c.err = g.work(c, fn)
	returned = true
}

// work runs fn, as soon as at most one other call for the key is in flight or patience is over.
func (g *Group[K, V]) work(c *call[V], fn func(context.Context, func()) (V, error)) (v V, err error) {
	if len(c.after) == maxSent {
		slow := time.NewTimer(patience)
		defer slow.Stop()
		select {
		case <-c.after[0].finished:
		case <-c.after[1].finished:
		case <-slow.C: // slow calls must not use up the time of this one
		case <-c.ctx.Done():
			return v, context.Cause(c.ctx)
		}
		c.after = nil
	}
	return fn(c.ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		c.resent = time.Now()
		if c.sent.IsZero() {
			c.sent = c.resent
		}
	})
}

// finish keeps the result, unless the result of a call that was sent later is kept already.
func (g *Group[K, V]) finish(key K, c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// A result without sending was found, for instance in a cache: it is not kept again.
	keep := c.keep && c.err == nil && !c.sent.IsZero() && !c.resent.Before(c.newest)
	g.drop(key, func(other *call[V]) bool { return other == c })
	if !keep {
		return
	}
	if g.Keep != nil {
		g.Keep(key, c.value)
	}
	for _, other := range g.calls[key] {
		other.newest = c.resent
	}
}

// Forget runs drop, which must remove what was kept for key. The results of flights under way are
// delivered to their callers, and not kept. Later callers start a new flight.
func (g *Group[K, V]) Forget(key K, drop func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(key, func(*call[V]) bool { return true })
	drop()
}
