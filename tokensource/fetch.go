package tokensource

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// pendingFetch is one fetch under way.
type pendingFetch struct {
	trigger Trigger
	begun   time.Time
	ctx     context.Context // ends when the fetch has to end
	refused *fingerprint    // if not nil: fetch only if the secret or key is another one by now
	asks    atomic.Bool     // the server is asked; false while the secret is checked
	done    chan struct{}
	token   Token
	err     error
}

// fetched is a pendingFetch that has brought the token of l.
func fetched(ctx context.Context, l *lease) *pendingFetch {
	f := &pendingFetch{ctx: ctx, done: make(chan struct{}), token: l.token}
	close(f.done)
	return f
}

// result is what a fetch returns.
type result struct {
	token Token
	used  fingerprint // of the secret or key that was sent
	err   error
}

// grace is how long a fetch may take to return after its context has ended.
const grace = 100 * time.Millisecond

// wait returns the result of the fetch. It waits no longer than ctx. A fetch that ignores its
// context is abandoned after grace; the timer here is for the case that the logger then blocks.
func (f *pendingFetch) wait(ctx context.Context) (Token, error) {
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
		return Token{}, errIgnoredContext
	}
}

var (
	errIgnoredContext   = fmt.Errorf("tokensource: the fetch ignores its context: %w", context.DeadlineExceeded)
	errTooManyAbandoned = fmt.Errorf("tokensource: %d fetches ignore their contexts, no more are begun until one ends: %w", maxAbandoned, context.DeadlineExceeded)
)

// start starts a fetch that does not depend on the caller's context. The caller holds s.mu.
func (s *Source) start(ctx context.Context, t Trigger, refused *fingerprint) *pendingFetch {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	f := &pendingFetch{trigger: t, begun: time.Now(), ctx: work, refused: refused, done: make(chan struct{})}
	f.asks.Store(refused == nil)
	s.flight = f
	go s.run(cancel, f)
	return f
}

// run runs f and finishes it in every case: a panic in a function of the program is an error, and a
// fetch that does not return is abandoned.
func (s *Source) run(cancel func(), f *pendingFetch) {
	defer cancel()
	late := time.AfterFunc(s.timeout+grace, func() { s.finish(f, result{err: errIgnoredContext}, true) })
	var got result
	returned := false
	defer func() {
		if !returned {
			got = result{err: fmt.Errorf("tokensource: the fetch ended in a panic: %T", recover())}
		}
		late.Stop()
		s.finish(f, got, false)
	}()
	got = s.work(f)
	returned = true
}

// work fetches a token. If f depends on a new secret and there is none, it does nothing.
func (s *Source) work(f *pendingFetch) (got result) {
	if f.refused != nil {
		if now, err := s.secret(f.ctx); err != nil || now == *f.refused || f.ctx.Err() != nil {
			return result{}
		}
	}
	f.asks.Store(true)
	got.token, got.err = s.fetch(f.ctx, &got.used)
	if got.err == nil && !headerSafe(string(got.token.AccessToken)) {
		got.err = errUnsafe
	}
	if got.err == nil && !got.token.ExpiresAt.IsZero() && !got.token.ExpiresAt.After(time.Now()) {
		got.err = errors.New("tokensource: the fetched token had ended when it came")
	}
	return got
}

// finish ends f with a result, logs it and calls Config.Renewed. It runs twice for an abandoned
// fetch; only the first result counts.
func (s *Source) finish(f *pendingFetch, got result, abandon bool) {
	event, c, first := s.record(f, got, abandon)
	if !first {
		return
	}
	if event != nil {
		s.report(context.WithoutCancel(f.ctx), *event, c)
	}
	close(f.done)
	if event != nil && s.renewed != nil {
		s.renewed(*event)
	}
}

// record stores the result of f if it is the first one, and returns the event to report. There is
// no event if f did nothing but check the secret.
func (s *Source) record(f *pendingFetch, got result, abandon bool) (event *Renewal, c change, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != f {
		if !abandon {
			s.abandoned--
		}
		return nil, change{}, false
	}
	s.flight = nil
	if abandon {
		s.abandoned++
	}
	now := time.Now()
	if !f.asks.Load() {
		s.nextSecretCheck = now.Add(secretCheckEvery)
		f.err = backedOff(s.lastErr, max(s.retryAt.Sub(now), 0))
		return nil, change{}, true
	}
	f.token, f.err = got.token, got.err
	event = &Renewal{Source: s, Scope: s.scope, Trigger: f.trigger, Duration: now.Sub(f.begun), Err: f.err}
	if f.err == nil {
		c = s.told.good(missingScope(f.token.Scope, s.scope), s.failures, now)
		s.failures, s.refusals, s.lastErr, s.refusedSecret, s.retryAt, s.absence = 0, 0, nil, fingerprint{}, time.Time{}, Absent
		s.current.Store(newLease(f.token, f.begun))
		event.ExpiresAt = f.token.ExpiresAt
		return event, c, true
	}
	f.token = Token{}
	event.RetryIn = s.fail(got, now)
	l := s.current.Load()
	valid := l != nil && l.alive(now)
	if l != nil {
		l.due.Store(int64(s.retryAt.Sub(l.start)))
	}
	if valid {
		event.ExpiresAt = l.token.ExpiresAt
	}
	return event, s.told.bad(f, s.failures, valid, l != nil || s.absence == Invalidated), true
}
