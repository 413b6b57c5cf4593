package tokensource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// The rules of renewal.
const (
	maxWindow      = 5 * time.Minute  // renewal begins this long before the end, or a fifth of the lifetime if that is less
	firstBackoff   = time.Second      // after one failed fetch; doubles up to maxBackoff
	maxBackoff     = 10 * time.Second // short, so that a server that is back is noticed soon
	firstRefusal   = 30 * time.Second // after our credentials were refused; doubles up to maxRefusal
	maxRefusal     = 5 * time.Minute
	defaultTimeout = 5 * time.Second
	forgetEvery    = time.Second // Invalidate forgets one token in this time
	forgetAtOnce   = 5           // but a few without delay
	wallEvery      = time.Second // how often the wall clock is asked
	forever        = 100 * 365 * 24 * time.Hour
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

// fetching is one fetch under way.
type fetching struct {
	trigger Trigger
	ctx     context.Context // over when the fetch is told to end
	done    chan struct{}
	token   Token
	err     error
}

// Token returns the current token. It returns at once while there is a valid one, and starts its renewal in the background
// when that is due. Otherwise it waits for the one fetch that all callers share, no longer than ctx, or returns the error
// of a recent fetch while that is backed off; such an error is an *EndpointError with RetryAfter for a Source made by New.
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

// grace is how long a fetch may take to end once it was told to.
const grace = 100 * time.Millisecond

// wait returns how the fetch ended. It waits no longer than ctx, and hardly longer than the fetch's own timeout even if a
// program's function or transport ignores that.
func (f *fetching) wait(ctx context.Context) (Token, error) {
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return Token{}, context.Cause(ctx)
	case <-f.ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return Token{}, context.Cause(ctx)
	case <-late.C:
		return Token{}, errDeaf
	}
}

var errDeaf = fmt.Errorf("tokensource: the fetch ignores its context: %w", context.DeadlineExceeded)

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
	next := s.forgetAt
	if now := time.Now(); next.Before(now) {
		next = now
	}
	next = next.Add(forgetEvery)
	if time.Until(next) <= forgetAtOnce*forgetEvery && s.current.CompareAndSwap(l, nil) {
		s.forgetAt, s.forgotten = next, Invalidated
		select {
		case s.woken <- struct{}{}:
		default: // it is to wake up already
		}
	}
}

// renew starts a background fetch for a token that is still good, unless one runs or the last one failed just now.
func (s *Source) renew(ctx context.Context, l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := time.Until(s.retryAt); wait > 0 {
		l.due.Store(int64(time.Since(l.start) + wait))
		return
	}
	if s.flight == nil && s.current.Load() == l {
		l.due.Store(int64(forever))
		s.start(ctx, Due)
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
	if wait := s.retryAt.Sub(now); wait > 0 {
		return nil, backedOff(s.failed, wait)
	}
	trigger := s.forgotten
	if s.current.Load() != nil {
		trigger = Expired
	}
	return s.start(ctx, trigger), nil
}

// start runs a fetch, detached from the caller that asked for it. The caller holds s.mu.
func (s *Source) start(ctx context.Context, t Trigger) *fetching {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	f := &fetching{ctx: work, done: make(chan struct{}), trigger: t}
	s.flight = f
	go s.run(cancel, f)
	return f
}

func (s *Source) run(cancel func(), f *fetching) {
	ctx := f.ctx
	defer cancel()
	begun := time.Now()
	finished := false
	defer func() {
		if !finished {
			f.err = fmt.Errorf("tokensource: the fetch ended in a panic: %T", recover())
		}
		told, failures := s.finish(f, begun)
		s.report(context.WithoutCancel(ctx), told, failures)
		close(f.done)
		if s.renewed != nil {
			s.renewed(told)
		}
	}()
	f.token, f.err = s.fetch(ctx)
	if f.err == nil && !headerSafe(string(f.token.AccessToken)) {
		f.err = errUnsafe
	}
	if f.err == nil && !f.token.ExpiresAt.IsZero() && !f.token.ExpiresAt.After(time.Now()) {
		f.err = errors.New("tokensource: the fetched token had ended when it came")
	}
	finished = true
}

// finish records how a fetch ended, and returns what to tell about it.
func (s *Source) finish(f *fetching, begun time.Time) (told Renewal, failures int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told = Renewal{Scope: s.scope, Trigger: f.trigger, Duration: time.Since(begun), Err: f.err}
	s.flight = nil
	if f.err == nil {
		s.failures, s.failed, s.retryAt, s.forgotten = 0, nil, time.Time{}, Absent
		s.current.Store(newLease(f.token, begun))
		told.ExpiresAt = f.token.ExpiresAt
		return told, 0
	}
	f.token = Token{}
	s.failures++
	s.failed = f.err
	told.RetryIn = s.pause()
	s.retryAt = time.Now().Add(told.RetryIn)
	if l := s.current.Load(); l != nil {
		l.due.Store(int64(s.retryAt.Sub(l.start)))
		if l.alive(time.Now()) {
			told.ExpiresAt = l.token.ExpiresAt
		}
	}
	return told, s.failures
}

// report tells the log how a fetch ended. No lock is held: the log's handler may itself want a token.
func (s *Source) report(ctx context.Context, told Renewal, failures int) {
	if told.Err == nil {
		s.log.LogAttrs(ctx, slog.LevelDebug, "token renewed", slog.String("scope", told.Scope), slog.Time("expires_at", told.ExpiresAt))
	} else {
		level := slog.LevelWarn
		if refused(told.Err) {
			level = slog.LevelError
		}
		s.log.LogAttrs(ctx, level, "token fetch failed", slog.String("scope", told.Scope), slog.Any("error", told.Err),
			slog.Duration("retry_in", told.RetryIn), slog.Int("failures", failures))
	}
}

// pause is how long to stay away after s.failures failures in a row: doubling, with up to a fifth more so that many
// instances do not come back together, and never less than the server asked for.
func (s *Source) pause() time.Duration {
	first, most := firstBackoff, maxBackoff
	if refused(s.failed) {
		first, most = firstRefusal, maxRefusal
	}
	d := min(first<<min(s.failures-1, 10), most)
	d += rand.N(d / 5)
	if e, ok := errors.AsType[*EndpointError](s.failed); ok {
		d = max(d, e.RetryAfter)
	}
	return d
}

// backedOff is the remembered error with the time that is left.
func backedOff(err error, wait time.Duration) error {
	if e, ok := errors.AsType[*EndpointError](err); ok {
		again := *e
		again.RetryAfter = wait
		return &again
	}
	return err
}
