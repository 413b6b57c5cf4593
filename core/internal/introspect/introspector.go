package introspect

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	maxRetryAfter = time.Minute
	maxWaiting    = 2048                  // callers that wait for a slot
	maxJitter     = 50 * time.Millisecond // before a failed call is repeated
)

// Probe is a token that cannot exist. Questions of our own are about it.
const Probe = "mfpguard-readiness-probe"

// Config describes an Introspector. Server, Transport, Timeout, the slots, Log and Events are
// needed, and ClientToken or Client.
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
	// ClientID is the audience of signed answers that have no other.
	ClientID string
	// Leeway is how far the clock of the server may differ, where it signs its answers.
	Leeway time.Duration
	Log    *slog.Logger
	Events Events
}

// Events are functions to call on the way. None is nil.
type Events struct {
	Waited       func(ctx context.Context, known bool, took time.Duration, err error)
	Retried      func(ctx context.Context, err error)
	Introspected func(ctx context.Context, background bool, begun time.Time, attempts int, err error)
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
	timeout     time.Duration                             // for errors
	enough      time.Duration                             // a call that had less time says nothing about the endpoint
	failure     atomic.Pointer[tokensource.EndpointError] // the last one that counted against the endpoint
	verifier    *verifier                                 // nil unless the server signs its answers
	noted       atomic.Bool                               // what an operator should know was told
	panics      contain.Hook                              // of the Transport and the ClientSecretFunc
	limit       rateLimit                                 // of lines about calls that failed
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
		post:        endpoint.New(endpoint.Options{URL: c.Server.URL(), Transport: c.Transport, MaxBody: c.MaxBody, Accept: c.Server.accept()}),
		clientToken: c.ClientToken,
		tokenURL:    c.TokenURL,
		client:      c.Client,
		timeout:     c.Timeout,
		enough:      c.Timeout * 3 / 5,
		panics:      contain.Hook{Name: "Config.Transport or Config.ClientSecretFunc", Log: c.Log},
		log:         c.Log,
		events:      c.Events,
	}
	if answers := c.Server.Answers(); answers != nil {
		keys := jose.NewKeeper(jose.Options{URL: answers.KeysURL, Transport: c.Transport, Timeout: c.Timeout, Log: c.Log})
		i.verifier = &verifier{JWTAnswers: *answers, ready: keys.Ready, verify: keys.Verify, leeway: c.Leeway}
		i.verifier.Audience = cmp.Or(answers.Audience, c.ClientID)
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
	Background  bool   // no caller has asked: callers go first, and a failed call is not repeated
	Sent        func() // called just before the question is sent
}

// Introspect returns what the server says about a token. Inactive is an answer. An error is
// ErrConflict, or says why there is no answer; it never says anything about the token. A call that
// failed is repeated once, while the budget lasts.
func (i *Introspector) Introspect(ctx context.Context, q Question) (*Introspection, error) {
	begun, attempts := time.Now(), 1
	if err := i.keysReady(ctx, q.IsProbe); err != nil {
		return nil, err
	}
	in, again, err := i.call(ctx, q, true)
	if again && i.backoff(ctx) {
		first := err
		if second, _, failure := i.call(ctx, q, false); !errors.Is(failure, ErrNotAdmitted) {
			in, err = second, failure
			attempts++
			i.events.Retried(ctx, first)
		}
	}
	if err == errNoSpare {
		return nil, err
	}
	if errors.Is(err, ErrNotAdmitted) {
		i.log.LogAttrs(ctx, slog.LevelDebug, "introspection not begun", slog.Any("error", err))
		return nil, err
	}
	i.events.Introspected(ctx, q.Background, begun, attempts, err)
	i.report(ctx, err)
	return in, err
}

// keysReady gets the server's keys for a question of ours: the answer to it may need none.
func (i *Introspector) keysReady(ctx context.Context, probe bool) error {
	if !probe || i.verifier == nil {
		return nil
	}
	if err := i.verifier.ready(ctx); err != nil {
		return keysError(err)
	}
	return nil
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
