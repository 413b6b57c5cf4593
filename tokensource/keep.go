package tokensource

import (
	"context"
	"fmt"
	"time"
)

// Trigger is why a token was fetched.
type Trigger string

// The triggers.
const (
	// Absent is the first token, or one after failed fetches.
	Absent Trigger = "absent"
	// Due is the renewal before the end.
	Due Trigger = "due"
	// Expired is that the last token ended unrenewed, because nobody asked in time or the server was down.
	Expired Trigger = "expired"
	// Invalidated is that a server refused the last token.
	Invalidated Trigger = "invalidated"
)

// Renewal tells how one fetch of a token ended.
type Renewal struct {
	// Source is the one whose token was fetched. The Sources of one client share the hook; see [Source.Scoped].
	Source *Source
	// Scope is what was asked for.
	Scope string
	// Trigger is why.
	Trigger Trigger
	// Duration is how long it took, retries included.
	Duration time.Duration
	// Err is nil when it brought a token. It names no secret.
	Err error
	// ExpiresAt is when the token ends that is at hand now; the zero time when there is none, or when it does not end.
	ExpiresAt time.Time
	// RetryIn is how long nobody will ask again after a failure.
	RetryIn time.Duration
}

// Ready fetches the token unless there is one, and says why it cannot be had. Call it at the start of a program to fail
// early and to have the token before the first request, or from a readiness probe: it waits no longer than ctx, and a
// failure is remembered as for Token. A Source does not need it to work.
func (s *Source) Ready(ctx context.Context) error {
	if _, err := s.Token(ctx); err != nil {
		return fmt.Errorf("tokensource: not ready: %w", err)
	}
	return nil
}

// recheck is how often Keep looks at the wall clock, which may have moved on while the machine slept.
const recheck = time.Minute

// Keep renews the token whenever it is due, also while nobody asks for it, until ctx ends; then it returns ctx's cause. It is
// for programs that are idle for long and want no wait when they are not. It starts no goroutine of its own: run it in
// one of yours.
//
//	go src.Keep(ctx)
func (s *Source) Keep(ctx context.Context) error {
	for ctx.Err() == nil {
		_, _ = s.Token(ctx) // starts what is due; an error is in the log, and in next
		if f, wait := s.next(); f != nil {
			select {
			case <-f.done:
			case <-ctx.Done():
			}
		} else {
			timer := time.NewTimer(min(wait, recheck))
			select {
			case <-timer.C:
			case <-s.woken:
			case <-ctx.Done():
			}
			timer.Stop()
		}
	}
	return context.Cause(ctx)
}

// next returns the fetch under way, or else in what time Token has something to do.
func (s *Source) next() (*fetching, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.current.Load(); s.flight == nil && l != nil && l.alive(time.Now()) {
		return nil, time.Until(l.start.Add(time.Duration(l.due.Load())))
	}
	wait := time.Until(s.retryAt)
	if s.deaf >= maxDeaf {
		wait = max(wait, firstBackoff)
	}
	return s.flight, wait
}
