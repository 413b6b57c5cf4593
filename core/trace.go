package core

import (
	"context"
	"log/slog"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Trace is a set of functions for metrics and spans, as in net/http/httptrace. Each may be nil,
// and then costs nothing. They run on the path of a request, so they must be quick, must not
// block, and must be safe for concurrent use. None of them sees a user's token. A function that
// panics changes no decision; its first panic is logged.
//
// Each gets one struct, to which fields can be added. Where ctx is a call's and not a request's,
// it has the values of the request that caused the call, while that request lasts; several
// requests may wait for its answer.
type Trace struct {
	// Looked is called after a request was looked up in the cache.
	Looked func(ctx context.Context, i LookedInfo)
	// Joined is called when a request begins to wait for a call that another request has started.
	Joined func(ctx context.Context, i JoinedInfo)
	// Waited is called after a call had to wait for others to end: when it begins, or when it is not
	// made because too many wait or the wait was too long. The context is a call's.
	Waited func(ctx context.Context, i WaitedInfo)
	// Retried is called after a failed call was repeated. The context is a call's.
	Retried func(ctx context.Context, i RetriedInfo)
	// Introspected is called after a question to the introspection endpoint, its repetitions
	// included. The context is a call's.
	Introspected func(ctx context.Context, i IntrospectedInfo)
	// CircuitChanged is called when calls stop because the endpoint fails, and when they go on.
	CircuitChanged func(i CircuitChangedInfo)
	// Renewed is called after a fetch of our own token, when those who wait for it go on, where
	// the Verifier makes the source of it (MobileFirst8, and AUTH=bearer of FromLookup). A source that
	// the program makes has
	// tokensource.Config.Renewed.
	Renewed func(tokensource.Renewal)
	// Decided is called at the end of Guard.Authorize.
	Decided func(ctx context.Context, i DecidedInfo)
}

// LookedInfo is what [Trace].Looked gets.
type LookedInfo struct {
	Result Lookup
	// Background reports that this hit has the server asked about the token again, while the request
	// goes on.
	Background bool
}

// Lookup is what the cache had.
type Lookup string

// What a lookup finds.
const (
	Hit         Lookup = "hit"          // an active answer
	NegativeHit Lookup = "negative hit" // an inactive answer
	Miss        Lookup = "miss"         // nothing, or nothing fresh enough
)

// JoinedInfo is what [Trace].Joined gets.
type JoinedInfo struct{}

// WaitedInfo is what [Trace].Waited gets.
type WaitedInfo struct {
	Took  time.Duration
	Known bool  // the token was active before, and so has calls that others cannot take
	Err   error // why the call is not made; nil when it is
}

// RetriedInfo is what [Trace].Retried gets.
type RetriedInfo struct{ Err error } // why the first call failed

// IntrospectedInfo is what [Trace].Introspected gets.
type IntrospectedInfo struct {
	Began    time.Time
	Took     time.Duration // with the waits for other calls and for our own token
	Attempts int           // 1, or 2 with a repetition
	Err      error         // nil, ErrConflict, or why there was no answer
	// Background reports that no request began to wait for it: a token in use is asked about again
	// before its remembered time is over. Its context has no values.
	Background bool
}

// CircuitChangedInfo is what [Trace].CircuitChanged gets.
type CircuitChangedInfo struct {
	Open     bool
	Failures int           // that opened it
	Pause    time.Duration // until the endpoint is asked again, when open
	After    time.Duration // for how long it was open, when closed
	Refused  int           // requests that were refused meanwhile, when closed
	Err      error         // the last failure, when open; it may be nil
}

// DecidedInfo is what [Trace].Decided gets.
type DecidedInfo struct {
	Principal Principal // the zero Principal for a refused request and an anonymous one
	Denial    *Denial   // nil for an accepted request
}

// hook calls one function of a Trace, and contains its panics: the request is decided as if the
// function were not there.
type hook[Info any] struct {
	call func(context.Context, Info)
	contain.Hook
}

func hookFor[Info any](call func(context.Context, Info), name string, log *slog.Logger) hook[Info] {
	return hook[Info]{call, contain.Hook{Name: "Trace." + name, Log: log}}
}

func (h *hook[Info]) run(ctx context.Context, i Info) {
	if h.call != nil {
		h.Call(func() { h.call(ctx, i) })
	}
}

// hooks is a Trace, contained.
type hooks struct {
	trace          Trace
	onLooked       hook[LookedInfo]
	onJoined       hook[JoinedInfo]
	onWaited       hook[WaitedInfo]
	onRetried      hook[RetriedInfo]
	onIntrospected hook[IntrospectedInfo]
	onCircuit      hook[CircuitChangedInfo]
	onDecided      hook[DecidedInfo]
}

func (h *hooks) set(t Trace, log *slog.Logger) {
	h.trace = t
	h.onLooked = hookFor(t.Looked, "Looked", log)
	h.onJoined = hookFor(t.Joined, "Joined", log)
	h.onWaited = hookFor(t.Waited, "Waited", log)
	h.onRetried = hookFor(t.Retried, "Retried", log)
	h.onIntrospected = hookFor(t.Introspected, "Introspected", log)
	h.onDecided = hookFor(t.Decided, "Decided", log)
	if t.CircuitChanged != nil {
		h.onCircuit = hookFor(func(_ context.Context, i CircuitChangedInfo) { t.CircuitChanged(i) }, "CircuitChanged", log)
	}
}

// looked and decided check first and call then, so that the check is inlined: without a function
// they cost next to nothing.
func (h *hooks) looked(ctx context.Context, result Lookup, background bool) {
	if h.trace.Looked != nil {
		h.callLooked(ctx, result, background)
	}
}

func (h *hooks) decided(ctx context.Context, p Principal, d *Denial) {
	if h.trace.Decided != nil {
		h.callDecided(ctx, p, d)
	}
}

func (h *hooks) callLooked(ctx context.Context, result Lookup, background bool) {
	h.onLooked.run(ctx, LookedInfo{result, background})
}

func (h *hooks) callDecided(ctx context.Context, p Principal, d *Denial) {
	h.onDecided.run(ctx, DecidedInfo{p, d})
}

// events is what the introspector calls.
func (h *hooks) events() introspect.Events {
	return introspect.Events{
		Waited: func(ctx context.Context, known bool, took time.Duration, err error) {
			h.onWaited.run(ctx, WaitedInfo{Took: took, Known: known, Err: err})
		},
		Retried: func(ctx context.Context, err error) { h.onRetried.run(ctx, RetriedInfo{err}) },
		Introspected: func(ctx context.Context, background bool, began time.Time, attempts int, err error) {
			h.onIntrospected.run(ctx, IntrospectedInfo{Began: began, Took: time.Since(began), Attempts: attempts, Err: err, Background: background})
		},
		Circuit: func(c admission.Change, cause error) {
			h.onCircuit.run(context.Background(), CircuitChangedInfo{
				Open: c.Open, Failures: c.Failures, Pause: c.Pause, After: c.After, Refused: c.Refused, Err: cause,
			})
		},
	}
}
