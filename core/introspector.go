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
	breaker breaker.Breaker
	failure atomic.Pointer[EndpointError] // the last one that counted against the endpoint
	log     *slog.Logger
	trace   Trace
}

// introspect returns what the server says about token. Inactive is an answer. An error is ErrConflict, or says why there is
// no answer; it never says anything about token.
func (i *introspector) introspect(ctx context.Context, token string) (*introspection, error) {
	select {
	case i.slots <- struct{}{}:
		defer func() { <-i.slots }()
	case <-ctx.Done():
		return nil, i.fail(0, fmt.Errorf("%d calls are in flight already: %w", cap(i.slots), context.Cause(ctx)))
	}
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
	case !isEndpoint || e.Endpoint != introspectionEndpoint:
		return breaker.Unknown, 0
	case e.Status == http.StatusOK && !errors.As(err, &bad):
		return breaker.OK, 0
	case e.Status == http.StatusBadRequest, errors.Is(err, formpost.ErrTooLarge): // it may be about this one token
		return breaker.OK, 0
	}
	return breaker.Failed, e.RetryAfter
}

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
	res, err := i.post.Post(ctx, header, form)
	if err != nil {
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

// errorCode returns the error code of an answer if it is one that errors.Is can be asked for, or the foreign token's: anything
// else might be an echo of the token.
func errorCode(body []byte) tokensource.ErrorCode {
	o, err := strictjson.Parse(body)
	if err != nil {
		return ""
	}
	switch code := tokensource.ErrorCode(oauth.ErrorCode(o)); code {
	case tokensource.ErrInvalidRequest, tokensource.ErrInvalidClient, tokensource.ErrUnauthorizedClient, unsupportedTokenType:
		return code
	}
	return ""
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

// explain adds what the profile knows about a failure of the token endpoint.
func (i *introspector) explain(err error) error {
	e, ok := errors.AsType[*EndpointError](err)
	if !ok || e.Status != http.StatusNotFound {
		return err
	}
	explained := *e
	explained.Hint = i.profile.notFound
	return &explained
}
