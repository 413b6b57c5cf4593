package tokensource

import (
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstBackoff = time.Second      // after one failed fetch; doubles up to maxBackoff
	maxBackoff   = 10 * time.Second // short, so that callers soon notice that the server is back
	firstRefusal = 2 * time.Second  // after a refusal of our credentials; doubles up to maxRefusal
	maxRefusal   = 5 * time.Minute
)

// fail records a failed fetch and returns the time until the next one. The caller holds s.mu.
func (s *Source) fail(got result, now time.Time) time.Duration {
	s.failures++
	s.lastErr, s.refusedSecret = got.err, fingerprint{}
	if isRefusal(got.err) {
		s.refusals++
		s.refusedSecret, s.nextSecretCheck = got.used, time.Time{}
	}
	wait := s.backoff()
	s.retryAt = now.Add(wait)
	return wait
}

// backoff returns the time to wait after s.failures consecutive failures. It doubles, and a fifth
// of it is random, so that many instances do not come back together. It is never less than the
// server's Retry-After. Refusals have a count of their own: the first one during an outage is the
// first.
func (s *Source) backoff() time.Duration {
	var d time.Duration
	if isRefusal(s.lastErr) {
		d = min(firstRefusal<<min(s.refusals-1, 10), maxRefusal)
		d -= rand.N(d / 5)
	} else {
		d = min(firstBackoff<<min(s.failures-1, 10), maxBackoff)
		d += rand.N(d / 5)
	}
	if e, ok := errors.AsType[*EndpointError](s.lastErr); ok {
		d = max(d, e.RetryAfter)
	}
	return d
}

// backedOff returns the remembered error with the remaining time as its RetryAfter.
func backedOff(err error, wait time.Duration) error {
	if e, ok := errors.AsType[*EndpointError](err); ok {
		again := *e
		again.RetryAfter = wait
		return &again
	}
	return err
}
