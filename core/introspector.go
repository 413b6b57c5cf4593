package core

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
	"github.com/mfpguard/mfpguard/internal/oauth"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	maxRetryAfter = time.Minute
	maxWaiting    = 2048                  // callers that wait for a slot
	maxJitter     = 50 * time.Millisecond // before a failed call is repeated
)

// nobody is a token that cannot exist. Questions of our own are about it.
const nobody = "mfpguard-readiness-probe"

// introspector asks the authorization server about tokens (RFC 7662 section 2). It is safe for
// concurrent use.
type introspector struct {
	profile Profile
	url     string // for errors
	post    *endpoint.Client
	own     *tokensource.Source // our token, nil when the endpoint takes our credentials
	client  clientauth.Client   // our credentials, when it does
	gate    *admission.Gate
	budget  *endpoint.Budget              // of repetitions
	attempt time.Duration                 // a call that ended sooner for want of time says nothing about the endpoint
	failure atomic.Pointer[EndpointError] // the last one that counted against the endpoint
	panics  contain.Hook                  // of the Transport and the ClientSecretFunc
	loud    seldom                        // lines about calls that failed
	log     *slog.Logger
	trace   *hooks
}

// question is what the introspector is asked.
type question struct {
	token string
	known bool   // the token was active before
	ours  bool   // it is Verifier.Ready's: its outcome is no evidence
	sent  func() // called just before it is sent
}

// introspect returns what the server says about a token. Inactive is an answer. An error is
// ErrConflict, or says why there is no answer; it never says anything about the token. A call that
// failed is repeated once, while the budget lasts.
func (i *introspector) introspect(ctx context.Context, q question) (*introspection, error) {
	begun := time.Now()
	in, again, err := i.call(ctx, q, true)
	if again && i.pause(ctx) {
		if second, _, failed := i.call(ctx, q, false); !errors.Is(failed, errNotAdmitted) {
			in, err = second, failed
		}
	}
	if errors.Is(err, errNotAdmitted) {
		i.log.LogAttrs(ctx, slog.LevelDebug, "introspection not begun", slog.Any("error", err))
		return nil, err
	}
	i.trace.introspected(ctx, time.Since(begun), err)
	i.report(ctx, err)
	return in, err
}

// call asks once, if the gate lets it in. It reports whether the call is to be repeated, the first
// time.
func (i *introspector) call(ctx context.Context, q question, first bool) (in *introspection, again bool, err error) {
	pass, err := i.gate.Enter(ctx, q.known)
	if err != nil {
		return nil, false, i.notAdmitted(err)
	}
	var outcome admission.Outcome
	defer func() { pass.Done(outcome) }()
	in, err = i.ask(pass.Context(), q.token, q.sent)
	if err != nil && context.Cause(pass.Context()) == admission.ErrOvertaken {
		return nil, false, i.fail(0, admission.ErrOvertaken)
	}
	result := classify(err)
	if result.Evidence == admission.Answered {
		i.budget.Earn()
		result.Good = in != nil && in.active
	}
	if !q.ours {
		i.remember(result, err)
		if first || result.Evidence == admission.Answered || result.StayAway > 0 { // a call that fails twice is one failure
			outcome = result
		}
	}
	return in, first && transient(err) && ctx.Err() == nil && i.budget.Spend(), err
}

// pause waits a moment before a repetition, without a slot. It reports false when ctx ends first.
func (i *introspector) pause(ctx context.Context) bool {
	timer := time.NewTimer(rand.N(maxJitter))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// askOurselves asks about a token that cannot exist: what the server does then is about no user's
// token.
func (i *introspector) askOurselves(ctx context.Context, sent func()) admission.Outcome {
	_, err := i.ask(ctx, nobody, sent)
	if err != nil {
		i.log.LogAttrs(ctx, slog.LevelDebug, "question of our own failed", slog.Any("error", err))
	}
	outcome := classify(err)
	i.remember(outcome, err)
	return outcome
}

// remember keeps the last error that counts against the endpoint, for those who are refused because
// of it.
func (i *introspector) remember(o admission.Outcome, err error) {
	if e, ok := errors.AsType[*EndpointError](err); ok && (o.Evidence == admission.Doubtful || o.Evidence == admission.Broken) {
		i.failure.Store(e)
	}
}

// errNotAdmitted marks the error of a call that was not made.
var errNotAdmitted = errors.New("not asked")

// notAdmitted says why no call was made.
func (i *introspector) notAdmitted(cause error) error {
	refused, isOpen := errors.AsType[*admission.RefusedError](cause)
	if !isOpen {
		return i.fail(0, fmt.Errorf("%w: %w", errNotAdmitted, cause))
	}
	const why = "not asked again yet, it failed just now"
	err := i.fail(0, errNotAdmitted)
	if last := i.failure.Load(); last != nil {
		*err = *last
		err.Err = errNotAdmitted
		if last.Err != nil {
			err.Err = fmt.Errorf("%w: %w", errNotAdmitted, last.Err)
		}
	}
	err.Hint = strings.TrimPrefix(err.Hint+"; "+why, "; ")
	err.RetryAfter = refused.Wait
	return err
}

// changed logs that the endpoint is left alone, and that it answers again.
func (i *introspector) changed(c admission.Change) {
	if c.Open {
		i.log.Warn("introspection stopped: the endpoint fails", slog.Int("failures", c.Failures), slog.Duration("asked_again_in", c.Pause))
		return
	}
	i.failure.Store(nil) // the next outage has reasons of its own
	i.log.Info("introspection goes on: the endpoint answers", slog.Duration("stopped_for", c.After), slog.Int("refused", c.Refused))
}

// report logs trouble, one line for each call that was made, a few a second at most above Debug. Our
// own token's source logs its fetches itself; a line for each request that finds it backed off would
// be a flood.
func (i *introspector) report(ctx context.Context, err error) {
	if err == nil || errors.Is(err, ErrConflict) {
		return
	}
	if e, ok := errors.AsType[*EndpointError](err); i.profile.tokenURL != "" && ok && e.Endpoint != introspectionEndpoint {
		return
	}
	level := slog.LevelWarn
	if refusesUs(err) {
		level = slog.LevelError
	}
	if !i.loud.due() { // strangers must not fill the log
		level = slog.LevelDebug
	}
	i.log.LogAttrs(ctx, level, "introspection failed", slog.Any("error", err))
}

// ask sends the question. A panic on the way, in a Transport or a ClientSecretFunc of the program,
// is an error like any other.
func (i *introspector) ask(ctx context.Context, token string, sent func()) (in *introspection, err error) {
	returned := i.panics.Call(func() {
		growStack()
		in, err = i.authenticated(ctx, token, sent)
	})
	if !returned {
		return nil, i.fail(0, errPanic)
	}
	return in, err
}

// authenticated sends the question, with a fresh token of our own once more if the server refuses
// the one we had.
func (i *introspector) authenticated(ctx context.Context, token string, sent func()) (*introspection, error) {
	in, used, err := i.once(ctx, token, sent)
	if i.own == nil || used.AccessToken == "" || !turnedAway(err) {
		return in, err
	}
	// It may be the user's token that is refused, so all others go on with ours meanwhile.
	if fresh, failed := i.own.Renew(ctx, used); failed != nil || fresh.AccessToken == used.AccessToken {
		return in, err // there is no better one
	}
	in, _, err = i.once(ctx, token, sent)
	return in, err
}

// once is one POST, authenticated in the one way of the profile.
func (i *introspector) once(ctx context.Context, token string, sent func()) (in *introspection, used tokensource.Token, err error) {
	form := url.Values{"token": {token}}
	if i.profile.sendHint {
		form.Set("token_type_hint", "access_token")
	}
	header := http.Header{}
	if i.own != nil {
		if used, err = i.own.Token(ctx); err != nil {
			return nil, used, i.explain(err)
		}
		header.Set("Authorization", "Bearer "+string(used.AccessToken))
	} else if err := i.client.Apply(ctx, header, form); err != nil {
		return nil, used, err
	}
	begun := time.Now()
	sent()
	res, err := i.post.Once(ctx, header, form)
	if err != nil {
		if ctx.Err() != nil && time.Since(begun) < i.attempt {
			err = fmt.Errorf("%w: %w", errHurried, err)
		}
		return nil, used, i.fail(0, err)
	}
	in, err = i.read(res)
	return in, used, err
}

// read takes an answer for what it says: only a 200 with JSON says something about the token.
func (i *introspector) read(res *endpoint.Response) (*introspection, error) {
	if res.Status == http.StatusConflict && i.profile.conflicts {
		return nil, ErrConflict
	}
	if res.Status != http.StatusOK {
		code := errorCode(res.Body)
		if res.Status == http.StatusBadRequest && code != "" && code == i.profile.foreignToken {
			i.log.Debug("the server cannot introspect a token of this kind")
			return &introspection{}, nil
		}
		err := i.fail(res.Status, nil)
		err.Code = code
		err.RetryAfter = endpoint.RetryAfter(res.Header, time.Now(), maxRetryAfter)
		return nil, err
	}
	if !isJSON(res.Header) {
		return nil, i.fail(res.Status, &notJSONError{errors.New("the answer's Content-Type is not " + mediaJSON)})
	}
	in, left, err := i.profile.read(res.Body)
	if err != nil {
		return nil, i.fail(res.Status, err)
	}
	left.log(i.log)
	return in, nil
}

// errorCode returns the error code of an answer, "" if it has none that is known.
func errorCode(body []byte) tokensource.ErrorCode {
	o, err := strictjson.Parse(body)
	if err != nil {
		return ""
	}
	return tokensource.ErrorCode(oauth.ErrorCode(o))
}

// growStack makes room for the call at once: a new stack is small, and else it would be copied
// three times on the way down, each time with more frames on it. Who only waits for a slot keeps a
// small one.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}
