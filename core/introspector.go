package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/internal/breaker"
	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/formpost"
	"github.com/mfpguard/mfpguard/internal/oauth"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	maxRetryAfter   = time.Minute
	breakerFailures = 5
	breakerPause    = 5 * time.Second
)

// introspector asks the authorization server about tokens (RFC 7662 section 2). It is safe for concurrent use.
type introspector struct {
	profile Profile
	url     string // for errors
	post    *formpost.Client
	own     *tokensource.Source // our token, nil when the endpoint takes our credentials
	client  clientauth.Client   // our credentials, when it does
	slots   chan struct{}       // as many as calls may be in flight
	attempt time.Duration       // what one attempt may take
	queue   time.Duration       // how long to wait for a slot, so that a whole attempt is left for the call
	breaker breaker.Breaker
	failure atomic.Pointer[EndpointError] // the last one that counted against the endpoint
	log     *slog.Logger
	trace   Trace
}

// introspect returns what the server says about token. Inactive is an answer. An error is ErrConflict, or says why there is
// no answer; it never says anything about token.
func (i *introspector) introspect(ctx context.Context, token string) (*introspection, error) {
	if err := i.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-i.slots }()
	pass, wait, ok := i.breaker.Allow()
	if !ok {
		return nil, i.notAsked(wait)
	}
	outcome, stayAway := breaker.Unknown, time.Duration(0)
	defer func() { i.breaker.Done(pass, outcome, stayAway) }()

	begun := time.Now()
	in, err := i.ask(ctx, token)
	outcome, stayAway = judge(err)
	if outcome == breaker.Failed {
		e, _ := errors.AsType[*EndpointError](err)
		i.failure.Store(e)
	}
	i.trace.introspected(ctx, time.Since(begun), err)
	i.report(ctx, err)
	return in, err
}

// enter waits for a slot.
func (i *introspector) enter(ctx context.Context) error {
	select {
	case i.slots <- struct{}{}:
		return nil
	default:
	}
	patience := time.NewTimer(i.queue)
	defer patience.Stop()
	select {
	case i.slots <- struct{}{}:
		return nil
	case <-patience.C:
	case <-ctx.Done():
	}
	err := i.fail(0, fmt.Errorf("%d calls are in flight already: %w", cap(i.slots), context.DeadlineExceeded))
	i.log.LogAttrs(ctx, slog.LevelDebug, "introspection not begun", slog.Any("error", err))
	return err
}

// notAsked is the error while the endpoint is left alone after failures: the last of them, with the time that is left.
func (i *introspector) notAsked(wait time.Duration) error {
	const why = "not asked again yet, it failed just now"
	err := i.fail(0, errors.New(why))
	if last := i.failure.Load(); last != nil {
		*err = *last
		err.Hint = strings.TrimPrefix(last.Hint+"; "+why, "; ")
	}
	err.RetryAfter = wait
	return err
}

// report logs trouble, one line for each call that was made. Our own token's source logs its fetches itself; a line for each
// request that finds it backed off would be a flood.
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
	i.log.LogAttrs(ctx, level, "introspection failed", slog.Any("error", err))
}

// judge says what an outcome tells about the endpoint. Trouble with a single answer must not stop the calls for other
// tokens, and trouble with our own token has a backoff of its own.
func judge(err error) (breaker.Outcome, time.Duration) {
	var bad *notJSONError
	e, isEndpoint := errors.AsType[*EndpointError](err)
	switch {
	case err == nil, errors.Is(err, ErrConflict):
		return breaker.OK, 0
	case errors.Is(err, errHurried), !isEndpoint || e.Endpoint != introspectionEndpoint:
		return breaker.Unknown, 0
	case e.Status == http.StatusOK && !errors.As(err, &bad):
		return breaker.OK, 0
	case aboutOneToken(e.Status), errors.Is(err, formpost.ErrTooLarge):
		return breaker.OK, 0
	}
	return breaker.Failed, e.RetryAfter
}

// aboutOneToken says that a status may be the answer to this one token, to its length for instance, so that whoever sends such
// tokens must not stop the calls for all others.
func aboutOneToken(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500
}

// errHurried marks a call that failed because too little time was left for it, after waiting for a slot or for a token of our
// own: that says nothing about the endpoint.
var errHurried = errors.New("too little time was left for the call")

// refusesUs says that the server turned down our own credentials or token: somebody must look at the configuration.
func refusesUs(err error) bool {
	e, ok := errors.AsType[*EndpointError](err)
	return ok && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusBadRequest)
}

// ask sends the question, with a fresh token of our own once more if the server refuses the one we had. A panic on the way,
// in a user's Transport for instance, is an error like any other.
func (i *introspector) ask(ctx context.Context, token string) (in *introspection, err error) {
	defer func() {
		if r := recover(); r != nil {
			in, err = nil, i.fail(0, fmt.Errorf("panic: %T", r))
		}
	}()
	in, used, err := i.once(ctx, token)
	if i.own == nil || used.AccessToken == "" || !turnedAway(err) {
		return in, err
	}
	i.own.Invalidate(used)
	if fresh, failed := i.own.Token(ctx); failed == nil && fresh.AccessToken == used.AccessToken {
		return in, err // there is no better one
	}
	in, _, err = i.once(ctx, token)
	return in, err
}

// turnedAway says that the endpoint refused the caller, which is us.
func turnedAway(err error) bool {
	e, ok := errors.AsType[*EndpointError](err)
	return ok && e.Endpoint == introspectionEndpoint && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// once is one POST, authenticated in the one way of the profile.
func (i *introspector) once(ctx context.Context, token string) (in *introspection, used tokensource.Token, err error) {
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
	res, err := i.post.Post(ctx, header, form)
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
func (i *introspector) read(res *formpost.Response) (*introspection, error) {
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
		err.RetryAfter = formpost.RetryAfter(res.Header, time.Now(), maxRetryAfter)
		return nil, err
	}
	if !isJSON(res.Header) {
		return nil, i.fail(res.Status, &notJSONError{errors.New("the answer's Content-Type is not " + mediaJSON)})
	}
	in, err := i.profile.decode(res.Body)
	if err != nil {
		return nil, i.fail(res.Status, err)
	}
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

const introspectionEndpoint = "introspection"

// fail is the error for what the introspection endpoint did.
func (i *introspector) fail(status int, cause error) *EndpointError {
	e := &EndpointError{Endpoint: introspectionEndpoint, URL: i.url, Status: status, Err: cause}
	switch {
	case status == http.StatusForbidden && i.profile.tokenScope != "":
		e.Hint = "the confidential client lacks the scope " + i.profile.tokenScope
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Hint = "it does not accept our credentials, or our client may not introspect"
	case status == http.StatusBadRequest:
		e.Hint = "it does not understand the request: check the URL, and how our credentials are sent"
	case status == http.StatusNotFound:
		e.Hint = i.profile.notFound
	case status >= 300 && status < 400:
		e.Hint = "it redirects, and redirects are not followed: use the URL that it redirects to"
	}
	return e
}

// explain makes an error of our own token's source one of its endpoint, and adds what the profile knows about it.
func (i *introspector) explain(err error) error {
	e, ok := errors.AsType[*EndpointError](err)
	switch {
	case !ok && i.profile.tokenURL != "": // we have run out of time before the fetch did
		return &EndpointError{Endpoint: "token", URL: i.profile.tokenURL, Err: err}
	case !ok || e.Status != http.StatusNotFound:
		return err
	}
	explained := *e
	explained.Hint = i.profile.notFound
	return &explained
}
