package tokensource

import (
	"context"
	"time"
)

const (
	secretCheckEvery = 250 * time.Millisecond // while a refused secret is in its backoff
	maxAbandoned     = 8                      // fetches that may run on after they were given up
	invalidateEvery  = time.Second            // one invalidation in this time,
	invalidateBurst  = 5                      // and a few at once
)

// Token returns the current token. There are three cases:
//
//   - There is a valid token: Token returns it at once. If its renewal is due, that starts in the
//     background.
//   - There is none, and the last fetch failed a short while ago (see the package documentation on
//     backoff): Token returns the error of that fetch at once. For a Source of [New] it is an
//     [*EndpointError] with RetryAfter.
//   - Otherwise Token waits for the one fetch that all callers share, no longer than ctx.
//
// During the backoff after a refusal, Token also looks whether [Config.ClientSecretFunc] has
// another secret, or the KeyFunc of a [ClientAssertion] another key, four times a second at most,
// and then fetches at once.
//
// Token never returns an expired token, except within a second after the machine wakes from sleep.
func (s *Source) Token(ctx context.Context) (Token, error) {
	if !s.made() {
		return Token{}, errNotMade
	}
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

// Invalidate tells the Source that a server has refused t. If t is the current token, the Source
// drops it. Otherwise Invalidate does nothing, so a late refusal of an old token costs no new one.
//
// After five invalidations in a short time one per second takes effect, and the others are
// ignored: a server that refuses every token does not cause a fetch per request.
func (s *Source) Invalidate(t Token) {
	if !s.made() {
		return
	}
	l := s.current.Load()
	if l == nil || l.token.AccessToken != t.AccessToken {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.Load() == l && s.mayInvalidate(time.Now()) {
		s.current.Store(nil)
		s.absence = Invalidated
		select {
		case s.wake <- struct{}{}:
		default: // Keep will wake up anyway
		}
	}
}

// mayInvalidate reports whether the rate limit allows one more invalidation, and counts it. (It is
// the generic cell rate algorithm: each invalidation moves the theoretical arrival time on.) The
// caller holds s.mu.
func (s *Source) mayInvalidate(now time.Time) bool {
	next := s.invalidationsUntil
	if next.Before(now) {
		next = now
	}
	next = next.Add(invalidateEvery)
	if next.Sub(now) > invalidateBurst*invalidateEvery {
		return false
	}
	s.invalidationsUntil = next
	return true
}

// Renew returns a token other than used, which a server has refused. If the current token is
// another one already, Renew returns that; else it waits for a fetch that all callers share.
//
// Unlike [Source.Invalidate], Renew lets callers of [Source.Token] have the used token until the
// fetch ends. Call it where the refusal may be about something else that was sent with the token.
// If there were too many refusals lately (see Invalidate), Renew returns used.
func (s *Source) Renew(ctx context.Context, used Token) (Token, error) {
	if !s.made() {
		return Token{}, errNotMade
	}
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

// replace returns the fetch of a token to replace that of l, or nil if there is to be none.
func (s *Source) replace(ctx context.Context, l *lease) (*pendingFetch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	wait := s.retryAt.Sub(now)
	switch current := s.current.Load(); {
	case current != nil && current != l: // replaced while we waited for the lock
		return fetched(ctx, current), nil
	case s.flight != nil:
		return s.flight, nil
	case wait > 0:
		return nil, backedOff(s.lastErr, wait)
	case s.abandoned >= maxAbandoned:
		return nil, errTooManyAbandoned
	case !s.mayInvalidate(now):
		return nil, nil
	}
	return s.start(ctx, Invalidated, nil), nil
}

// renew starts a background fetch for a token that is still valid, unless one runs or the last one
// failed just now.
func (s *Source) renew(ctx context.Context, l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := time.Until(s.retryAt); wait > 0 {
		l.due.Store(int64(time.Since(l.start) + wait))
		return
	}
	if s.abandoned >= maxAbandoned {
		l.due.Store(int64(time.Since(l.start) + firstBackoff))
		return
	}
	if s.flight == nil && s.current.Load() == l {
		l.due.Store(int64(forever))
		s.start(ctx, Due, nil)
	}
}

// join returns the fetch to wait for. It starts one if none is under way.
func (s *Source) join(ctx context.Context) (*pendingFetch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if l := s.current.Load(); l != nil && l.alive(now) { // fetched while we waited for the lock
		return fetched(ctx, l), nil
	}
	if s.flight != nil {
		return s.flight, nil
	}
	var refused *fingerprint
	if wait := s.retryAt.Sub(now); wait > 0 {
		if !s.mayCheckSecret(now) {
			return nil, backedOff(s.lastErr, wait)
		}
		refused = new(s.refusedSecret)
	}
	if s.abandoned >= maxAbandoned {
		return nil, errTooManyAbandoned
	}
	trigger := s.absence
	if s.current.Load() != nil {
		trigger = Expired
	}
	return s.start(ctx, trigger, refused), nil
}

// mayCheckSecret reports whether it is time to check if the refused secret has been replaced. The
// caller holds s.mu.
func (s *Source) mayCheckSecret(now time.Time) bool {
	return s.secret != nil && s.refusedSecret != fingerprint{} && !now.Before(s.nextSecretCheck) && s.abandoned < maxAbandoned
}
