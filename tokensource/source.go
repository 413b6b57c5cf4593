package tokensource

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Token is an access token with its scope and its end. It is a value: copies are independent.
type Token struct {
	// AccessToken is the token as it is sent after "Bearer ".
	AccessToken Secret
	// Scope is the granted scope, space-separated. "" means that it is as requested and the server
	// did not name it.
	Scope string
	// ExpiresAt is when the token ends, counted from before it was requested. The zero time means
	// never.
	ExpiresAt time.Time
}

var (
	errUnsafe  = errors.New("tokensource: the token is empty or has characters that no header can carry")
	errNotMade = errors.New("tokensource: this Source is nil or zero: make it with New, Func or Static")
)

// Source returns one token and renews it before it ends. Make a Source with [New], [Func] or
// [Static]; a nil or zero Source returns an error in place of a token. It is safe for concurrent
// use and should be shared. It holds no lock while it talks to the server. Its only goroutine is
// that of a fetch, so there is nothing to close.
type Source struct {
	fetch    func(ctx context.Context, used *fingerprint) (Token, error)
	secret   func(context.Context) (fingerprint, error) // of the present secret or key; nil if it cannot change
	scope    string                                     // to ask for
	scoped   *scopedSources                             // of the same client; nil for Func and Static
	insecure bool                                       // Transport may send the token to http://
	timeout  time.Duration
	log      *slog.Logger
	renewed  func(Renewal) // may be nil; its panics are contained
	wake     chan struct{} // tells Keep that the token was invalidated; has room for one

	current atomic.Pointer[lease] // nil: none yet, or invalidated

	mu                 sync.Mutex
	flight             *pendingFetch // nil if no fetch is under way
	abandoned          int           // fetches that still run after they were given up
	failures           int           // consecutive failed fetches
	refusals           int           // those of them that refused our credentials
	lastErr            error         // of the last failed fetch
	refusedSecret      fingerprint   // sent with the last fetch if that was refused, else zero
	retryAt            time.Time     // no fetch before this
	nextSecretCheck    time.Time     // no secret check before this
	absence            Trigger       // why there is no token, Absent or Invalidated
	invalidationsUntil time.Time     // state of the rate limit of Invalidate, see mayInvalidate
	told               told          // what is in the log
}

// Func returns a Source that gets its tokens from fetch and renews them by the rules of [New]. An
// example is a token that an agent writes to a file.
//
// The context of fetch ends after five seconds and is not that of a caller. There is one call at a
// time, unless a call ignores the end of its context. Callers see the errors of fetch. Func panics
// if fetch is nil.
func Func(fetch func(context.Context) (Token, error)) *Source {
	if fetch == nil {
		panic("tokensource: the function of Func is nil")
	}
	return newSource(func(ctx context.Context, _ *fingerprint) (Token, error) { return fetch(ctx) })
}

func newSource(fetch func(context.Context, *fingerprint) (Token, error)) *Source {
	return &Source{fetch: fetch, timeout: defaultTimeout, log: slog.New(slog.DiscardHandler), wake: make(chan struct{}, 1), absence: Absent}
}

// made reports whether s comes from a constructor.
func (s *Source) made() bool { return s != nil && s.fetch != nil }

// Static returns a Source with one token that does not end. [Source.Invalidate] makes it return
// the same token again: there is no other.
func Static(token Secret) *Source {
	if !headerSafe(string(token)) {
		return Func(func(context.Context) (Token, error) { return Token{}, errUnsafe })
	}
	t := Token{AccessToken: token}
	s := Func(func(context.Context) (Token, error) { return t, nil })
	s.current.Store(newLease(t, time.Now()))
	return s
}
