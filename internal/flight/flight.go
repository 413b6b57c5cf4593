// Package flight lets concurrent callers share one piece of work.
//
// It differs from a naive singleflight where that one hurts a server: the work is detached from the caller that started it,
// so a caller that leaves takes nobody along; it is bounded by the group's own clock; a panic becomes an error for those who
// wait; and a result that was forgotten while it was under way is delivered but not kept.
package flight

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Group shares work by key. Timeout bounds one flight; keep, which may be nil, receives each good result before anybody
// sees it, one at a time, unless its key was forgotten or a younger flight of the key has started. Both are set before
// first use. A Group is safe for concurrent use.
type Group[K comparable, V any] struct {
	Timeout time.Duration
	Keep    func(K, V)

	mu    sync.Mutex
	calls map[K]*call[V]
}

type call[V any] struct {
	started time.Time
	ctx     context.Context // of the work: over when it is told to end
	done    chan struct{}
	value   V
	err     error
}

// grace is how long work may take to end once it was told to.
const grace = 100 * time.Millisecond

// errDeaf is for those who wait for work that does not end when it is told to.
var errDeaf = fmt.Errorf("flight: the work ignores its context: %w", context.DeadlineExceeded)

// Do returns the result of the flight for key that is under way, if it started at notBefore or later, or else of a new
// flight that runs fn. It waits no longer than ctx, and hardly longer than Timeout even if fn ignores its context; the flight
// goes on without the caller and keeps ctx's values only. Shared reports that the flight was somebody else's.
func (g *Group[K, V]) Do(ctx context.Context, key K, notBefore time.Time, fn func(context.Context) (V, error)) (v V, shared bool, err error) {
	if err := context.Cause(ctx); err != nil {
		return v, false, err
	}
	c, shared := g.join(ctx, key, notBefore, fn)
	select {
	case <-c.done:
		return c.value, shared, c.err
	case <-ctx.Done():
		return v, shared, context.Cause(ctx)
	case <-c.ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-c.done:
		return c.value, shared, c.err
	case <-ctx.Done():
		return v, shared, context.Cause(ctx)
	case <-late.C:
		return v, shared, errDeaf
	}
}

func (g *Group[K, V]) join(ctx context.Context, key K, notBefore time.Time, fn func(context.Context) (V, error)) (*call[V], bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok := g.calls[key]; ok && !c.started.Before(notBefore) {
		return c, true
	}
	if g.calls == nil {
		g.calls = make(map[K]*call[V])
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.Timeout)
	c := &call[V]{started: time.Now(), ctx: work, done: make(chan struct{})}
	g.calls[key] = c
	go g.run(cancel, key, c, fn)
	return c, false
}

func (g *Group[K, V]) run(cancel func(), key K, c *call[V], fn func(context.Context) (V, error)) {
	growStack()
	defer cancel()
	finished := false
	defer func() {
		if !finished { // fn panicked or called runtime.Goexit: recover from the first, report both
			c.err = fmt.Errorf("flight: the work ended in a panic: %T", recover())
		}
		g.land(key, c)
		close(c.done)
	}()
	c.value, c.err = fn(c.ctx)
	finished = true
}

func (g *Group[K, V]) land(key K, c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[key] != c {
		return
	}
	delete(g.calls, key)
	if c.err == nil && g.Keep != nil {
		g.Keep(key, c.value)
	}
}

// Forget runs drop, which removes what was kept for key, and makes sure that a flight under way keeps nothing afterwards.
// Its waiters still get its result; later callers start anew.
func (g *Group[K, V]) Forget(key K, drop func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.calls, key)
	drop()
}

// growStack makes room for the work at once: a new stack is small, and else it would be copied three times on the way down,
// each time with more frames on it.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}
