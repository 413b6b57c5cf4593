package tokensource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// told is what the log of a Source has been told. Source.mu guards it.
type told struct {
	failure string    // the kind of the last failed fetch; "" after a good one
	without time.Time // since when there is no valid token although it was tried; zero if there is one
	missing string    // from the granted scope
}

// change is what a fetch has changed, for the log.
type change struct {
	failures int           // failed fetches in a row: up to this one, or before this good one
	again    bool          // the fetch failed in the same way as the last one
	lost     bool          // there was a valid token, and now there is none
	back     bool          // there is one again
	without  time.Duration // how long there was none
	regrant  bool          // the granted scope lacks other elements than before
	missing  string        // the elements
}

// good records a fetch that brought a token, and returns what it has changed.
func (t *told) good(missing string, failures int, now time.Time) change {
	c := change{failures: failures, back: !t.without.IsZero(), regrant: missing != t.missing, missing: missing}
	if c.back {
		c.without = now.Sub(t.without)
	}
	*t = told{missing: missing}
	return c
}

// bad records a failed fetch, and returns what it has changed. There may still be a valid token, or
// there was one before.
func (t *told) bad(f *pendingFetch, failures int, valid, before bool) change {
	kind := fmt.Sprintf("%T", f.err)
	if e, ok := errors.AsType[*EndpointError](f.err); ok {
		kind = fmt.Sprintf("%d %s", e.Status, e.Code)
	}
	c := change{failures: failures, again: kind == t.failure}
	t.failure = kind
	if !valid && t.without.IsZero() {
		t.without, c.lost = f.begun, before
	}
	return c
}

// report logs how a fetch ended and what that changed. It holds no lock: the log's handler may
// itself want a token.
func (s *Source) report(ctx context.Context, event Renewal, c change) {
	scope, failures := slog.String("scope", event.Scope), slog.Int("failures", c.failures)
	if event.Err != nil {
		s.log.LogAttrs(ctx, failureLevel(event.Err, c), "token fetch failed", scope, slog.Any("error", event.Err),
			slog.Duration("retry_in", event.RetryIn), failures)
		if c.lost {
			s.log.LogAttrs(ctx, slog.LevelWarn, "there is no valid token any more", scope, failures)
		}
		return
	}
	s.log.LogAttrs(ctx, slog.LevelDebug, "token renewed", scope, slog.Time("expires_at", event.ExpiresAt))
	if c.back {
		s.log.LogAttrs(ctx, slog.LevelInfo, "there is a valid token again", scope, failures, slog.Duration("without", c.without))
	}
	switch {
	case c.regrant && c.missing != "":
		s.log.LogAttrs(ctx, slog.LevelWarn, "the granted scope lacks what was asked for: extend the client's allowed scope",
			scope, slog.String("missing", c.missing))
	case c.regrant:
		s.log.LogAttrs(ctx, slog.LevelInfo, "the granted scope is complete again", scope)
	}
}

// failureLevel is Debug for a failure that is in the log already.
func failureLevel(err error, c change) slog.Level {
	switch {
	case c.again:
		return slog.LevelDebug
	case isRefusal(err):
		return slog.LevelError
	}
	return slog.LevelWarn
}
