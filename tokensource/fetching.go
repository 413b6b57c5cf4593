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

// fetching is one fetch under way.
type fetching struct {
	trigger Trigger
	begun   time.Time
	ctx     context.Context // over when the fetch is told to end
	refused *fingerprint    // if the fetch is only to take place with another secret than this one
	asked   atomic.Bool     // it does take place
	done    chan struct{}
	token   Token
	err     error
}

// result is what a fetch brought.
type result struct {
	token Token
	used  fingerprint // of the secret
	err   error
}

// grace is how long a fetch may take to end once it was told to.
const grace = 100 * time.Millisecond

// wait returns how the fetch ended. It waits no longer than ctx. A fetch that ignores its context is given up after grace;
// the clock here is for a log that blocks while that is told.
func (f *fetching) wait(ctx context.Context) (Token, error) {
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return Token{}, context.Cause(ctx)
	case <-f.ctx.Done():
	}
	late := time.NewTimer(2 * grace)
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

var (
	errDeaf    = fmt.Errorf("tokensource: the fetch ignores its context: %w", context.DeadlineExceeded)
	errAllDeaf = fmt.Errorf("tokensource: %d fetches ignore their contexts, no more are begun until one ends: %w", maxDeaf, context.DeadlineExceeded)
)

// start runs a fetch, detached from the caller that asked for it. The caller holds s.mu.
func (s *Source) start(ctx context.Context, t Trigger, refused *fingerprint) *fetching {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	f := &fetching{trigger: t, begun: time.Now(), ctx: work, refused: refused, done: make(chan struct{})}
	f.asked.Store(refused == nil)
	s.flight = f
	go s.run(cancel, f)
	return f
}

// run sees to it that f comes to an end, whatever the program's functions in it do: a panic is an error, and a fetch that
// does not return is given up.
func (s *Source) run(cancel func(), f *fetching) {
	defer cancel()
	late := time.AfterFunc(s.timeout+grace, func() { s.land(f, result{err: errDeaf}, true) })
	var got result
	finished := false
	defer func() {
		if !finished {
			got = result{err: fmt.Errorf("tokensource: the fetch ended in a panic: %T", recover())}
		}
		late.Stop()
		s.land(f, got, false)
	}()
	got = s.work(f)
	finished = true
}

// work fetches a token.
func (s *Source) work(f *fetching) (got result) {
	if f.refused != nil {
		if now, err := s.secret(f.ctx); err != nil || now == *f.refused || f.ctx.Err() != nil {
			return result{}
		}
	}
	f.asked.Store(true)
	got.token, got.err = s.fetch(f.ctx, &got.used)
	if got.err == nil && !headerSafe(string(got.token.AccessToken)) {
		got.err = errUnsafe
	}
	if got.err == nil && !got.token.ExpiresAt.IsZero() && !got.token.ExpiresAt.After(time.Now()) {
		got.err = errors.New("tokensource: the fetched token had ended when it came")
	}
	return got
}

// land takes what f brought, and tells of it. Of the fetch and the clock that gives it up, who comes second is ignored.
func (s *Source) land(f *fetching, got result, givenUp bool) {
	told, failures, first := s.finish(f, got, givenUp)
	if !first {
		return
	}
	if told != nil {
		s.report(context.WithoutCancel(f.ctx), *told, failures)
	}
	close(f.done)
	if told != nil && s.renewed != nil {
		s.renewed(*told)
	}
}

// finish records how f ended if it is the first to say so, and returns what to tell about it: nothing if f was but a look at
// the secret.
func (s *Source) finish(f *fetching, got result, givenUp bool) (told *Renewal, failures int, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != f {
		if !givenUp {
			s.deaf--
		}
		return nil, 0, false
	}
	s.flight = nil
	if givenUp {
		s.deaf++
	}
	now := time.Now()
	if !f.asked.Load() {
		s.lookAt = now.Add(lookEvery)
		f.err = backedOff(s.failed, max(s.retryAt.Sub(now), 0))
		return nil, 0, true
	}
	f.token, f.err = got.token, got.err
	told = &Renewal{Source: s, Scope: s.scope, Trigger: f.trigger, Duration: now.Sub(f.begun), Err: f.err}
	if f.err == nil {
		s.failures, s.refusals, s.failed, s.refused, s.retryAt, s.forgotten = 0, 0, nil, fingerprint{}, time.Time{}, Absent
		s.current.Store(newLease(f.token, f.begun))
		told.ExpiresAt = f.token.ExpiresAt
		return told, 0, true
	}
	f.token = Token{}
	told.RetryIn = s.fail(got, now)
	if l := s.current.Load(); l != nil {
		l.due.Store(int64(s.retryAt.Sub(l.start)))
		if l.alive(now) {
			told.ExpiresAt = l.token.ExpiresAt
		}
	}
	return told, s.failures, true
}

// fail records a failure, and returns how long to stay away. The caller holds s.mu.
func (s *Source) fail(got result, now time.Time) time.Duration {
	s.failures++
	s.failed, s.refused = got.err, fingerprint{}
	if refused(got.err) {
		s.refusals++
		s.refused, s.lookAt = got.used, time.Time{}
	}
	wait := s.pause()
	s.retryAt = now.Add(wait)
	return wait
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

// pause is how long to stay away after s.failures failures in a row: doubling, spread over a fifth so that many instances do
// not come back together, and never less than the server asked for. Refusals count by themselves: one in the middle of an
// outage is the first.
func (s *Source) pause() time.Duration {
	var d time.Duration
	if refused(s.failed) {
		d = min(firstRefusal<<min(s.refusals-1, 10), maxRefusal)
		d -= rand.N(d / 5)
	} else {
		d = min(firstBackoff<<min(s.failures-1, 10), maxBackoff)
		d += rand.N(d / 5)
	}
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
