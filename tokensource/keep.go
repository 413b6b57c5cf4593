package tokensource

import (
	"context"
	"fmt"
	"time"
)

// Ready fetches a token unless there is a valid one, and returns the error if there is none. It
// waits no longer than ctx. Errors are remembered as by [Source.Token].
//
// Call Ready when a program starts, to fail early and to have a token before the first request, or
// from a readiness probe. A Source works without it.
func (s *Source) Ready(ctx context.Context) error {
	if _, err := s.Token(ctx); err != nil {
		return fmt.Errorf("tokensource: not ready: %w", err)
	}
	return nil
}

// recheck is how often Keep looks at the wall clock at least: it may jump while the machine sleeps.
const recheck = time.Minute

// Keep renews the token whenever that is due, until ctx ends. Then it returns ctx's cause. It is
// for programs that are idle for long and whose next request must not wait for a token. Keep
// blocks: run it in a goroutine of your own.
//
//	go src.Keep(ctx)
func (s *Source) Keep(ctx context.Context) error {
	if !s.made() {
		return errNotMade
	}
	for ctx.Err() == nil {
		_, _ = s.Token(ctx) // starts a fetch that is due; next knows of an error
		if f, wait := s.next(); f != nil {
			select {
			case <-f.done:
			case <-ctx.Done():
			}
		} else {
			timer := time.NewTimer(min(wait, recheck))
			select {
			case <-timer.C:
			case <-s.wake:
			case <-ctx.Done():
			}
			timer.Stop()
		}
	}
	return context.Cause(ctx)
}

// next returns the fetch under way, or else the time until Token has to be called again.
func (s *Source) next() (*pendingFetch, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.current.Load(); s.flight == nil && l != nil && l.alive(time.Now()) {
		return nil, time.Until(l.start.Add(time.Duration(l.due.Load())))
	}
	wait := time.Until(s.retryAt)
	if s.abandoned >= maxAbandoned {
		wait = max(wait, firstBackoff)
	}
	return s.flight, wait
}
