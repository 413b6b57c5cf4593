package tokensource

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// The rules of renewal.
const (
	maxWindow    = 5 * time.Minute  // renewal begins this long before the end, or a fifth of the lifetime if that is less
	firstBackoff = time.Second      // after one failed fetch; doubles up to maxBackoff
	maxBackoff   = 10 * time.Second // short, so that a server that is back is noticed soon
	firstRefusal = 2 * time.Second  // after our credentials were refused; doubles up to maxRefusal
	maxRefusal   = 5 * time.Minute
	lookEvery    = 250 * time.Millisecond // at the secret, while the one that was refused is backed off
	maxDeaf      = 8                      // fetches that may run on after they were given up
	forgetEvery  = time.Second            // Invalidate forgets one token in this time
	forgetAtOnce = 5                      // but a few without delay
	wallEvery    = time.Second            // how often the wall clock is asked
	forever      = 100 * 365 * 24 * time.Hour
)

// A lease is a token with the times that matter. All but due and asked is immutable.
type lease struct {
	token Token
	start time.Time    // just before the request for it was sent
	end   time.Time    // hard end by the monotonic clock
	due   atomic.Int64 // when to renew, in nanoseconds after start; moved on while a renewal runs or has failed
	asked atomic.Int64 // when the wall clock was asked last, in nanoseconds after start
}

func newLease(t Token, start time.Time) *lease {
	l := &lease{token: t, start: start}
	l.asked.Store(-int64(wallEvery))
	if t.ExpiresAt.IsZero() {
		l.end = start.Add(forever)
		l.due.Store(int64(forever))
		return l
	}
	life := min(t.ExpiresAt.Sub(start), forever)
	l.end = start.Add(life)
	window := min(life/5, maxWindow)
	window += time.Duration((rand.Float64()*0.2 - 0.1) * float64(window))
	l.due.Store(int64(life - window))
	return l
}

// alive says whether the token may still be used. Both clocks must agree: the monotonic one does not count a suspended
// machine's sleep, the wall clock can be set back.
func (l *lease) alive(now time.Time) bool {
	wall := l.token.ExpiresAt.Round(0)
	return now.Before(l.end) && (wall.IsZero() || now.Round(0).Before(wall))
}

// usable says whether the token may be handed out now, and its age. It reads the monotonic clock, which costs half of
// time.Now, and the wall clock once in a second: a machine that wakes from sleep sees an ended token that much later.
func (l *lease) usable() (age time.Duration, ok bool) {
	age = time.Since(l.start)
	if age >= l.end.Sub(l.start) {
		return age, false
	}
	if age-time.Duration(l.asked.Load()) < wallEvery {
		return age, true
	}
	if !l.alive(time.Now()) {
		return age, false
	}
	l.asked.Store(int64(age))
	return age, true
}

// Token returns the current token. It returns at once while there is a valid one, and starts its renewal in the background
// when that is due. Otherwise it waits for the one fetch that all callers share, no longer than ctx, or returns the error
// of a recent fetch while that is backed off; such an error is an *EndpointError with RetryAfter for a Source made by New.
// While refused credentials are backed off, a caller makes the Source look whether Config.ClientSecretFunc has another
// secret by now, four times a second at most, and fetch at once if so.
// An expired token is never returned (on a machine that wakes from sleep: after a second).
func (s *Source) Token(ctx context.Context) (Token, error) {
	if l := s.current.Load(); l != nil {
		if age, ok := l.usable(); ok {
			if int64(age) >= l.due.Load() {
				s.renew(ctx, l)
			}
			return l.token, nil
		}
	}
	if err := context.Cause(ctx); err != nil {
		return Token{}, err
	}
	f, err := s.join(ctx)
	if err != nil {
		return Token{}, err
	}
	return f.wait(ctx)
}

// Invalidate says that a server refused t. It forgets t if t is the current token and does nothing otherwise, so that a
// late refusal of an old token does not cost a new one. After a few at once it forgets one token per second at most: a
// server that refuses every token is not helped by more of them.
func (s *Source) Invalidate(t Token) {
	l := s.current.Load()
	if l == nil || l.token.AccessToken != t.AccessToken {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.Load() == l && s.mayForget(time.Now()) {
		s.current.Store(nil)
		s.forgotten = Invalidated
		select {
		case s.woken <- struct{}{}:
		default: // it is to wake up already
		}
	}
}

// mayForget reports whether one more token may be forgotten, and counts it. The caller holds s.mu.
func (s *Source) mayForget(now time.Time) bool {
	next := s.forgetAt
	if next.Before(now) {
		next = now
	}
	next = next.Add(forgetEvery)
	if next.Sub(now) > forgetAtOnce*forgetEvery {
		return false
	}
	s.forgetAt = next
	return true
}

// Renew returns a token other than used, which a server has refused: the current one if that is
// another by now, else one that is fetched for all who ask. Unlike after Invalidate, callers of
// Token get the used one until then: use Renew where the refusal may be about something that was
// sent with the token. When too many were refused lately (see Invalidate), it returns used.
func (s *Source) Renew(ctx context.Context, used Token) (Token, error) {
	l := s.current.Load()
	if l == nil || l.token.AccessToken != used.AccessToken {
		return s.Token(ctx)
	}
	f, err := s.replace(ctx, l)
	switch {
	case err != nil:
		return Token{}, err
	case f == nil:
		return used, nil
	}
	return f.wait(ctx)
}

// replace returns the fetch that brings a token in place of l's, nil if there is to be none.
func (s *Source) replace(ctx context.Context, l *lease) (*fetching, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	wait := s.retryAt.Sub(now)
	switch current := s.current.Load(); {
	case current != nil && current != l: // it came while we waited for the lock
		f := &fetching{ctx: ctx, done: make(chan struct{}), token: current.token}
		close(f.done)
		return f, nil
	case s.flight != nil:
		return s.flight, nil
	case wait > 0:
		return nil, backedOff(s.failed, wait)
	case s.deaf >= maxDeaf:
		return nil, errAllDeaf
	case !s.mayForget(now):
		return nil, nil
	}
	return s.start(ctx, Invalidated, nil), nil
}

// renew starts a background fetch for a token that is still good, unless one runs or the last one failed just now.
func (s *Source) renew(ctx context.Context, l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := time.Until(s.retryAt); wait > 0 {
		l.due.Store(int64(time.Since(l.start) + wait))
		return
	}
	if s.deaf >= maxDeaf {
		l.due.Store(int64(time.Since(l.start) + firstBackoff))
		return
	}
	if s.flight == nil && s.current.Load() == l {
		l.due.Store(int64(forever))
		s.start(ctx, Due, nil)
	}
}

// join returns the fetch to wait for, starting it if need be.
func (s *Source) join(ctx context.Context) (*fetching, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if l := s.current.Load(); l != nil && l.alive(now) { // it came while we waited for the lock
		f := &fetching{ctx: ctx, done: make(chan struct{}), token: l.token}
		close(f.done)
		return f, nil
	}
	if s.flight != nil {
		return s.flight, nil
	}
	var refused *fingerprint
	if wait := s.retryAt.Sub(now); wait > 0 {
		if !s.mayLook(now) {
			return nil, backedOff(s.failed, wait)
		}
		refused = new(s.refused)
	}
	if s.deaf >= maxDeaf {
		return nil, errAllDeaf
	}
	trigger := s.forgotten
	if s.current.Load() != nil {
		trigger = Expired
	}
	return s.start(ctx, trigger, refused), nil
}

// mayLook says whether it is time to see if the secret that was refused has been replaced. The caller holds s.mu.
func (s *Source) mayLook(now time.Time) bool {
	return s.secret != nil && s.refused != fingerprint{} && !now.Before(s.lookAt) && s.deaf < maxDeaf
}
