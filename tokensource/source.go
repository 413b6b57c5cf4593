package tokensource

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Token is an access token and what the server said about it. It is a value: copies are independent.
type Token struct {
	// AccessToken is the token as it goes behind "Bearer ".
	AccessToken Secret
	// Scope is what was granted, space-separated; "" when the server did not say, which means as requested.
	Scope string
	// ExpiresAt is when the token ends, counted from before it was asked for. The zero time means never.
	ExpiresAt time.Time
}

var errUnsafe = errors.New("tokensource: the token is empty or has characters that no header can carry")

// Source hands out one token and renews it before it ends. Make one with New, Func or Static, and share it: it is safe for
// concurrent use, holds no lock while it talks to the server, and owns no goroutine but for the duration of a fetch, so
// there is nothing to close.
type Source struct {
	fetch    func(ctx context.Context, used *fingerprint) (Token, error)
	secret   func(context.Context) (fingerprint, error) // of the secret as it is now; nil when it cannot change
	scope    string                                     // what is asked for
	family   *family                                    // the Sources of one client, nil for Func and Static
	insecure bool                                       // Transport may send the token to http://
	timeout  time.Duration
	log      *slog.Logger
	renewed  func(Renewal) // may be nil; its panics are contained
	woken    chan struct{} // tells Keep that the token was forgotten; holds one

	current atomic.Pointer[lease] // nil: none yet, or invalidated

	mu        sync.Mutex
	flight    *fetching   // the one fetch under way, or nil
	deaf      int         // fetches that were given up and still run
	failures  int         // failed fetches in a row
	refusals  int         // refusals of our credentials among them
	failed    error       // the last of the failures
	refused   fingerprint // of the secret that was refused then; zero if none was
	retryAt   time.Time   // no fetch before this
	lookAt    time.Time   // no look at the secret before this
	forgotten Trigger     // why there is no token, Absent or Invalidated
	forgetAt  time.Time   // when all that Invalidate forgot is paid for
}

// Func returns a Source that gets its tokens from fetch, with the renewal rules of New: for instance for a token that an
// agent writes into a file. Fetch gets a context that ends after five seconds and is not the caller's. It is not called while
// another call runs, unless that one ignores the end of its context. Its errors are shown to callers.
func Func(fetch func(context.Context) (Token, error)) *Source {
	return newSource(func(ctx context.Context, _ *fingerprint) (Token, error) { return fetch(ctx) })
}

func newSource(fetch func(context.Context, *fingerprint) (Token, error)) *Source {
	return &Source{fetch: fetch, timeout: defaultTimeout, log: slog.New(slog.DiscardHandler), woken: make(chan struct{}, 1), forgotten: Absent}
}

// Static returns a Source with one token that does not end. Invalidating it changes nothing: there is no other.
func Static(token Secret) *Source {
	if !headerSafe(string(token)) {
		return Func(func(context.Context) (Token, error) { return Token{}, errUnsafe })
	}
	t := Token{AccessToken: token}
	s := Func(func(context.Context) (Token, error) { return t, nil })
	s.current.Store(newLease(t, time.Now()))
	return s
}
