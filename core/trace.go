package core

import (
	"context"
	"log/slog"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
)

// Trace is a set of hooks for metrics and spans, in the manner of net/http/httptrace: any of them
// may be nil. They run on the request's path, so they must be quick, must not block, and must be
// safe for concurrent use. None of them ever sees a token. A hook that panics changes no decision;
// its first panic is logged.
type Trace struct {
	// Looked is called after the cache was asked for what is known about a token.
	Looked func(ctx context.Context, what Lookup)
	// Introspected is called after a question to the introspection endpoint, its repetitions (after
	// a failure, and with a fresh token of our own) included. Its context is not a request's: several requests may
	// wait for the same answer. Err is nil, ErrConflict, or says why there was no answer.
	Introspected func(ctx context.Context, took time.Duration, err error)
	// Decided is called at the end of Authorize. Denial is nil if the request was accepted; p is
	// the zero Principal if not.
	Decided func(ctx context.Context, p Principal, denial *Denial)
}

// Lookup is what the cache had.
type Lookup string

// What a lookup finds.
const (
	Hit         Lookup = "hit"          // an active answer
	NegativeHit Lookup = "negative hit" // an inactive answer
	Miss        Lookup = "miss"         // nothing, or nothing fresh enough
)

// hooks calls what a Trace has, and contains its panics: the request is decided as if the hook were
// not there.
type hooks struct {
	trace                               Trace
	onLooked, onIntrospected, onDecided contain.Hook
}

func (h *hooks) set(t Trace, log *slog.Logger) {
	h.trace = t
	h.onLooked.Name, h.onLooked.Log = "Trace.Looked", log
	h.onIntrospected.Name, h.onIntrospected.Log = "Trace.Introspected", log
	h.onDecided.Name, h.onDecided.Log = "Trace.Decided", log
}

// The checks are apart from the calls, so that they are inlined: without a hook they cost next to
// nothing.

func (h *hooks) looked(ctx context.Context, what Lookup) {
	if h.trace.Looked != nil {
		h.callLooked(ctx, what)
	}
}

func (h *hooks) introspected(ctx context.Context, took time.Duration, err error) {
	if h.trace.Introspected != nil {
		h.onIntrospected.Call(func() { h.trace.Introspected(ctx, took, err) })
	}
}

func (h *hooks) decided(ctx context.Context, p Principal, d *Denial) {
	if h.trace.Decided != nil {
		h.callDecided(ctx, p, d)
	}
}

func (h *hooks) callLooked(ctx context.Context, what Lookup) {
	h.onLooked.Call(func() { h.trace.Looked(ctx, what) })
}

func (h *hooks) callDecided(ctx context.Context, p Principal, d *Denial) {
	h.onDecided.Call(func() { h.trace.Decided(ctx, p, d) })
}
