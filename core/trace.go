package core

import (
	"context"
	"time"
)

// Trace is a set of hooks for metrics and spans, in the manner of net/http/httptrace: any of them may be nil. They run on the
// request's path, so they must be quick, must not block, and must be safe for concurrent use. None of them ever sees a token.
type Trace struct {
	// Looked is called after the cache was asked for what is known about a token.
	Looked func(ctx context.Context, what Lookup)
	// Introspected is called after a question to the introspection endpoint, its one repetition with a fresh token of our
	// own included. Its context is not a request's: several requests may wait for the same answer. Err is nil, ErrConflict,
	// or says why there was no answer.
	Introspected func(ctx context.Context, took time.Duration, err error)
	// Decided is called at the end of Authorize. Denial is nil if the request was accepted; p is the zero Principal if not.
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

func (t *Trace) looked(ctx context.Context, what Lookup) {
	if t.Looked != nil {
		t.Looked(ctx, what)
	}
}

func (t *Trace) introspected(ctx context.Context, took time.Duration, err error) {
	if t.Introspected != nil {
		t.Introspected(ctx, took, err)
	}
}

func (t *Trace) decided(ctx context.Context, p Principal, d *Denial) {
	if t.Decided != nil {
		t.Decided(ctx, p, d)
	}
}
