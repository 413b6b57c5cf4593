package introspect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	maxRetryAfter = time.Minute
	maxWaiting    = 2048                  // callers that wait for a slot
	maxJitter     = 50 * time.Millisecond // before a failed call is repeated
)

// Probe is a token that cannot exist. Questions of our own are about it.
const Probe = "mfpguard-readiness-probe"

// Config describes an Introspector. All fields but Events are needed.
type Config struct {
	Server    Server
	Transport http.RoundTripper
	MaxBody   int // bytes of an answer; zero means 1 MiB
	Timeout   time.Duration
	// Slots and MaxSlots bound the calls under way, at first and at most.
	Slots, MaxSlots int
	// ClientToken authenticates us with a token of our own. Nil means that Client does.
	ClientToken *tokensource.Source
	// TokenURL is where ClientToken asks, "" if it is the program's own source.
	TokenURL string
	Client   clientauth.Method
	Log      *slog.Logger
	Events   Events
}

// Events are functions to call on the way. None is nil.
type Events struct {
	Waited       func(ctx context.Context, known bool, took time.Duration, err error)
	Retried      func(ctx context.Context, err error)
	Introspected func(ctx context.Context, begun time.Time, attempts int, err error)
	Circuit      func(change admission.Change, cause error)
}

// Introspector asks one server about tokens. It is safe for concurrent use.
type Introspector struct {
	server      Server
	url         string // for errors
	post        *endpoint.Client
	clientToken *tokensource.Source
	tokenURL    string
	client      clientauth.Method
	gate        *admission.Gate
	budget      endpoint.Budget                           // of repetitions
	enough      time.Duration                             // a call that had less time says nothing about the endpoint
	failure     atomic.Pointer[tokensource.EndpointError] // the last one that counted against the endpoint
	panics      contain.Hook                              // of the Transport and the ClientSecretFunc
	limit       seldom                                    // of lines about calls that failed
	log         *slog.Logger
	events      Events
}

// New returns an Introspector. It does no I/O.
func New(c Config) (*Introspector, error) {
	u, err := url.Parse(c.Server.URL())
	if err != nil {
		return nil, err
	}
	u.RawQuery = ""
	i := &Introspector{
		server:      c.Server,
		url:         u.String(),
		post:        endpoint.New(endpoint.Options{URL: c.Server.URL(), Transport: c.Transport, MaxBody: c.MaxBody}),
		clientToken: c.ClientToken,
		tokenURL:    c.TokenURL,
		client:      c.Client,
		enough:      c.Timeout * 3 / 5,
		panics:      contain.Hook{Name: "Config.Transport or Config.ClientSecretFunc", Log: c.Log},
		log:         c.Log,
		events:      c.Events,
	}
	i.gate = admission.New(admission.Config{
		Slots: c.Slots, MaxSlots: c.MaxSlots, Waiting: maxWaiting, Patience: c.Timeout * 2 / 5, Timeout: c.Timeout,
		Probe: i.askProbe, Changed: i.changed,
	})
	return i, nil
}

// Stats returns how many calls are under way and wait, and whether the circuit is open.
func (i *Introspector) Stats() admission.Stats { return i.gate.Stats() }

// URL is the introspection endpoint without its query, for errors.
func (i *Introspector) URL() string { return i.url }

// Question is what an Introspector is asked.
type Question struct {
	Credentials string
	Known       bool   // the token was active before
	IsProbe     bool   // the outcome is no evidence about the endpoint
	Sent        func() // called just before the question is sent
}

// Introspect returns what the server says about a token. Inactive is an answer. An error is
// ErrConflict, or says why there is no answer; it never says anything about the token. A call that
// failed is repeated once, while the budget lasts.
func (i *Introspector) Introspect(ctx context.Context, q Question) (*Introspection, error) {
	begun, attempts := time.Now(), 1
	in, again, err := i.call(ctx, q, true)
	if again && i.backoff(ctx) {
		first := err
		if second, _, failure := i.call(ctx, q, false); !errors.Is(failure, errNotAdmitted) {
			in, err = second, failure
			attempts++
			i.events.Retried(ctx, first)
		}
	}
	if errors.Is(err, errNotAdmitted) {
		i.log.LogAttrs(ctx, slog.LevelDebug, "introspection not begun", slog.Any("error", err))
		return nil, err
	}
	i.events.Introspected(ctx, begun, attempts, err)
	i.report(ctx, err)
	return in, err
}

// call asks once, if the gate lets it in. It reports whether the call is to be repeated, the first
// time.
func (i *Introspector) call(ctx context.Context, q Question, first bool) (in *Introspection, again bool, err error) {
	begun := time.Now()
	pass, err := i.gate.Acquire(ctx, q.Known)
	if err != nil {
		err := i.notAdmitted(err)
		if !errors.Is(err, errCircuitOpen) {
			i.events.Waited(ctx, q.Known, time.Since(begun), err)
		}
		return nil, false, err
	}
	if pass.Waited() > 0 {
		i.events.Waited(ctx, q.Known, pass.Waited(), nil)
	}
	var outcome admission.Outcome
	defer func() { pass.Done(outcome) }()
	in, err = i.ask(pass.Context(), q.Credentials, q.Sent)
	if err != nil && context.Cause(pass.Context()) == admission.ErrOvertaken {
		return nil, false, i.fail(0, admission.ErrOvertaken)
	}
	result := i.classify(err)
	if result.Evidence == admission.Answered {
		i.budget.Earn()
		result.Good = in != nil && in.Active
	}
	if !q.IsProbe {
		i.remember(result, err)
		if first || result.Evidence == admission.Answered || result.StayAway > 0 { // a call that fails twice is one failure
			outcome = result
		}
	}
	return in, first && transient(err) && ctx.Err() == nil && i.budget.Spend(), err
}

// backoff waits a moment before a repetition, without a slot. It reports false when ctx ends
// first.
func (i *Introspector) backoff(ctx context.Context) bool {
	timer := time.NewTimer(rand.N(maxJitter))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// askProbe asks about a token that cannot exist: the answer is about the endpoint and no user's
// token.
func (i *Introspector) askProbe(ctx context.Context, sent func()) admission.Outcome {
	_, err := i.ask(ctx, Probe, sent)
	if err != nil {
		i.log.LogAttrs(ctx, slog.LevelDebug, "question of our own failed", slog.Any("error", err))
	}
	outcome := i.classify(err)
	i.remember(outcome, err)
	return outcome
}

// remember keeps the last error that counts against the endpoint, for those who are refused
// because of it.
func (i *Introspector) remember(o admission.Outcome, err error) {
	if e, ok := failed(err); ok && (o.Evidence == admission.Doubtful || o.Evidence == admission.Broken) {
		i.failure.Store(e)
	}
}

// notAdmitted returns the error for a call that was not made.
func (i *Introspector) notAdmitted(cause error) error {
	open, ok := errors.AsType[*admission.CircuitOpenError](cause)
	if !ok {
		return i.fail(0, fmt.Errorf("%w: %w", errNotAdmitted, cause))
	}
	const why = "not asked again yet, it failed just now"
	err := i.fail(0, errCircuitOpen)
	if last := i.failure.Load(); last != nil {
		*err = *last
		err.Err = errCircuitOpen
		if last.Err != nil {
			err.Err = fmt.Errorf("%w: %w", errCircuitOpen, last.Err)
		}
	}
	err.Hint = strings.TrimPrefix(err.Hint+"; "+why, "; ")
	err.RetryAfter = open.Wait
	return err
}

// changed logs that the endpoint is left alone, and that it answers again.
func (i *Introspector) changed(c admission.Change) {
	var cause error
	if last := i.failure.Load(); last != nil && c.Open {
		cause = last
	}
	if c.Open {
		i.log.Warn("introspection stopped: the endpoint fails", slog.Int("failures", c.Failures), slog.Duration("asked_again_in", c.Pause))
	} else {
		i.failure.Store(nil) // the next outage has reasons of its own
		i.log.Info("introspection goes on: the endpoint answers", slog.Duration("stopped_for", c.After), slog.Int("refused", c.Refused))
	}
	i.events.Circuit(c, cause)
}

// report logs trouble: one line for each call that was made, a few a second at most above Debug.
// Our own token's source logs its fetches itself; a line for each request that meets its backoff
// would be a flood.
func (i *Introspector) report(ctx context.Context, err error) {
	if err == nil || errors.Is(err, ErrConflict) {
		return
	}
	if e, ok := errors.AsType[*tokensource.EndpointError](err); i.tokenURL != "" && ok && e.Endpoint != introspectionEndpoint {
		return
	}
	level := slog.LevelWarn
	if misconfigured(err) {
		level = slog.LevelError
	}
	if !i.limit.due() { // strangers must not fill the log
		level = slog.LevelDebug
	}
	i.log.LogAttrs(ctx, level, "introspection failed", slog.Any("error", err))
}

// ask sends the question. A panic on the way, in a Transport or a ClientSecretFunc of the program,
// is an error like any other.
func (i *Introspector) ask(ctx context.Context, credentials string, sent func()) (in *Introspection, err error) {
	returned := i.panics.Call(func() {
		growStack()
		in, err = i.authenticated(ctx, credentials, sent)
	})
	if !returned {
		return nil, i.fail(0, errPanic)
	}
	return in, err
}

// authenticated sends the question, and once more with a fresh token of our own if the server
// refuses the one we had.
func (i *Introspector) authenticated(ctx context.Context, credentials string, sent func()) (*Introspection, error) {
	in, used, err := i.once(ctx, credentials, sent)
	if i.clientToken == nil || used.AccessToken == "" || !i.clientRejected(err) {
		return in, err
	}
	// It may be the user's token that is refused, so all others go on with ours meanwhile.
	if fresh, failed := i.clientToken.Renew(ctx, used); failed != nil || fresh.AccessToken == used.AccessToken {
		return in, err // there is no better one
	}
	in, _, err = i.once(ctx, credentials, sent)
	return in, err
}

// once is one POST, authenticated in the one way of the server.
func (i *Introspector) once(ctx context.Context, credentials string, sent func()) (in *Introspection, used tokensource.Token, err error) {
	auth := i.client
	if i.clientToken != nil {
		if used, err = i.clientToken.Token(ctx); err != nil {
			return nil, used, i.annotate(err)
		}
		auth = clientauth.Bearer(used.AccessToken)
	}
	var begun time.Time
	res, err := i.post.Once(ctx, i.server.question(credentials), clientauth.MethodFunc(func(ctx context.Context, header http.Header, form url.Values) error {
		if err := auth.Apply(ctx, header, form); err != nil {
			return err
		}
		if begun.IsZero() { // the first attempt
			begun = time.Now()
			sent()
		}
		return nil
	}))
	if failed, ok := errors.AsType[*endpoint.AuthError](err); ok {
		return nil, used, failed.Err
	}
	if err != nil {
		if ctx.Err() != nil && time.Since(begun) < i.enough {
			err = fmt.Errorf("%w: %w", errNoTime, err)
		}
		return nil, used, i.fail(0, err)
	}
	in, err = i.read(res)
	return in, used, err
}

// read takes an answer for what the server says that it means.
func (i *Introspector) read(res *endpoint.Response) (*Introspection, error) {
	r, err := i.server.read(res)
	switch {
	case err == ErrConflict:
		return nil, err
	case err == errStatus:
		e := i.fail(res.Status, nil)
		e.Code = errorCode(res.Body)
		e.RetryAfter = endpoint.RetryAfter(res.Header, time.Now(), maxRetryAfter)
		return nil, e
	case err != nil:
		return nil, i.fail(res.Status, err)
	}
	r.left.log(i.log)
	if r.notes != "" {
		i.log.Debug(r.notes)
	}
	return r.in, nil
}

// growStack makes room for the call at once. A new stack is small; it would be copied three
// times on the way down, each time with more frames on it. A caller that waits for a slot keeps
// a small stack.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}
