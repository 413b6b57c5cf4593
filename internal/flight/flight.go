// Package flight lets concurrent callers share one piece of work.
//
// It differs from a naive singleflight where that one hurts a server or its callers:
//
//   - The work is detached from the caller that started it, and bounded by the group's own
//     timeout. A caller that leaves takes nobody along; work that is not sent yet when its last
//     caller leaves is not done.
//   - A caller shares every piece of work that is sent after the caller came, however fresh its
//     result must be, and two pieces of work for one key are in flight at most.
//   - The result of the work that was sent last is the one that is kept, whatever the order in
//     which results come; one that was forgotten while it was under way is delivered and not kept.
//   - A panic becomes an error for those who wait, and work that ignores its context is given up.
package flight

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Group shares work by key. Timeout bounds one flight. Keep, which may be nil, receives each
// good result before anybody sees it, one at a time, unless its key was forgotten meanwhile or
// the result of work that was sent later is there already. Both are set before first use. A
// Group is safe for concurrent use.
type Group[K comparable, V any] struct {
	Timeout time.Duration
	Keep    func(K, V)

	mu    sync.Mutex
	calls map[K][]*call[V] // under way, in the order in which they began; no entry is empty
}

// patience is how long a call waits until fewer are in flight.
const patience = time.Second

// maxSent is how many calls for one key may be in flight, but for those that take long. Two, so
// that one that hangs does not hold up the next.
const maxSent = 2

type call[V any] struct {
	ctx     context.Context // of the work: over when it is told to end
	cancel  context.CancelFunc
	waiting int           // callers
	after   []*call[V]    // one of these must land first
	sent    time.Time     // zero until then
	resent  time.Time     // when it was sent last, after a repetition for instance
	newer   time.Time     // when the newest result was sent that came meanwhile
	kept    bool          // the result may be kept
	landed  chan struct{} // closed at the end
	value   V
	err     error
}

// grace is how long work may take to end once it was told to.
const grace = 100 * time.Millisecond

// errIgnoredContext is for those who wait for work that does not end when it is told to.
var errIgnoredContext = fmt.Errorf("flight: the work ignores its context: %w", context.DeadlineExceeded)

// Do returns the result of a flight for key that is not sent yet or was sent at notBefore or
// later, or else of a new flight that runs fn. The function must call sent just before it
// sends; until then others may join. Do waits no longer than ctx, and no longer than Timeout and a
// little more even if fn ignores its context; the flight goes on without the caller and keeps
// ctx's values only. Shared reports that the flight was somebody else's.
func (g *Group[K, V]) Do(ctx context.Context, key K, notBefore time.Time,
	fn func(ctx context.Context, sent func()) (V, error),
) (v V, shared bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return v, false, err
	}
	c, shared := g.join(ctx, key, notBefore, fn)
	select {
	case <-c.landed:
		return c.value, shared, c.err
	case <-ctx.Done():
		g.leave(key, c)
		return v, shared, context.Cause(ctx)
	case <-c.ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-c.landed:
		return c.value, shared, c.err
	case <-ctx.Done():
		g.leave(key, c)
		return v, shared, context.Cause(ctx)
	case <-late.C: // the next to come starts anew
		return v, shared, errIgnoredContext
	}
}

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
	c = &call[V]{waiting: 1, kept: true, landed: make(chan struct{})}
	c.ctx, c.cancel = context.WithTimeout(context.WithoutCancel(ctx), g.Timeout)
	if len(calls) >= maxSent {
		c.after = slices.Clone(calls)
	}
	if g.calls == nil {
		g.calls = make(map[K][]*call[V])
	}
	g.calls[key] = append(calls, c)
	go g.run(key, c, fn)
	return c, false
}

// joinable returns the call to join: the one sent last if that is recent enough, because it lands
// first, else one that is not sent yet.
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

// drop takes calls out of the group: what they bring is delivered to those who wait, and not kept.
// g.mu is held.
func (g *Group[K, V]) drop(key K, which func(*call[V]) bool) {
	calls := slices.DeleteFunc(g.calls[key], func(c *call[V]) bool {
		if !which(c) {
			return false
		}
		c.kept = false
		return true
	})
	if len(calls) == 0 {
		delete(g.calls, key)
	} else {
		g.calls[key] = calls
	}
}

// leave notes that a caller waits no longer. Work that nobody waits for and that is not sent yet is
// not done.
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
	finished := false
	defer func() {
		if !finished { // fn panicked or called runtime.Goexit: recover from the first, report both
			c.err = fmt.Errorf("flight: the work ended in a panic: %T", recover())
		}
		g.land(key, c)
		close(c.landed)
	}()
	c.value, c.err = g.work(c, fn)
	finished = true
}

// work runs fn once there are not too many calls in flight.
func (g *Group[K, V]) work(c *call[V], fn func(context.Context, func()) (V, error)) (v V, err error) {
	if len(c.after) == maxSent {
		slow := time.NewTimer(patience)
		defer slow.Stop()
		select {
		case <-c.after[0].landed:
		case <-c.after[1].landed:
		case <-slow.C: // it must not use up the time of this one
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

// land keeps the result, and sees to it that no call that was sent earlier replaces it.
func (g *Group[K, V]) land(key K, c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// What was found, and not asked for, is not kept anew.
	keep := c.kept && c.err == nil && !c.sent.IsZero() && !c.resent.Before(c.newer)
	g.drop(key, func(other *call[V]) bool { return other == c })
	if !keep {
		return
	}
	if g.Keep != nil {
		g.Keep(key, c.value)
	}
	for _, other := range g.calls[key] {
		other.newer = c.resent
	}
}

// Forget runs drop, which removes what was kept for key, and makes sure that flights under way keep
// nothing afterwards. Their waiters still get their results; later callers start anew.
func (g *Group[K, V]) Forget(key K, drop func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(key, func(*call[V]) bool { return true })
	drop()
}
