package core

import (
	"context"
	"errors"
	"net/http"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

const introspectionEndpoint = "introspection"

var (
	// errHurried marks a call that failed because too little time was left for it, after waiting
	// for a slot or for a token of our own: that says nothing about the endpoint.
	errHurried = errors.New("too little time was left for the call")
	// errPanic marks a call that ended in a panic of the program's own functions.
	errPanic = errors.New("Config.Transport or Config.ClientSecretFunc panicked")
)

// classify says what the end of a call shows about the endpoint. Trouble with a single answer must
// not stop the calls for other tokens, and trouble with our own token has a backoff of its own.
func classify(err error) admission.Outcome {
	var bad *notJSONError
	e, isEndpoint := errors.AsType[*EndpointError](err)
	switch {
	case err == nil, errors.Is(err, ErrConflict):
		return admission.Outcome{Evidence: admission.Answered}
	case errors.Is(err, errHurried), errors.Is(err, errPanic), !isEndpoint || e.Endpoint != introspectionEndpoint:
		return admission.Outcome{Evidence: admission.None}
	case e.Status == http.StatusOK && !errors.As(err, &bad), aboutOneToken(e.Status), errors.Is(err, endpoint.ErrTooLarge):
		return admission.Outcome{Evidence: admission.Answered}
	case e.Status == 0:
		return admission.Outcome{Evidence: admission.Broken}
	}
	return admission.Outcome{Evidence: admission.Doubtful, StayAway: e.RetryAfter}
}

// aboutOneToken reports whether a status is the answer to this one token, to its length for
// instance.
func aboutOneToken(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500
}

// transient reports whether a second call may help: the endpoint was not reached, cut its answer
// short, or failed. An endpoint that names a time with Retry-After is taken at its word.
func transient(err error) bool {
	e, ok := errors.AsType[*EndpointError](err)
	if !ok || e.Endpoint != introspectionEndpoint || e.RetryAfter > 0 {
		return false
	}
	switch e.Status {
	case 0:
		return !errors.Is(err, endpoint.ErrTooLarge) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) &&
			!errors.Is(err, errPanic)
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// refusesUs reports whether the server turned down our own credentials or token: somebody must look
// at the configuration.
func refusesUs(err error) bool {
	e, ok := errors.AsType[*EndpointError](err)
	return ok && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusBadRequest)
}

// turnedAway reports whether the endpoint refused the caller, which is us.
func turnedAway(err error) bool {
	e, ok := errors.AsType[*EndpointError](err)
	return ok && e.Endpoint == introspectionEndpoint && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// fail is the error for what the introspection endpoint did.
func (i *introspector) fail(status int, cause error) *EndpointError {
	e := &EndpointError{Endpoint: introspectionEndpoint, URL: i.url, Status: status, Err: cause}
	switch {
	case status == 0:
		e.Hint = endpoint.Hint(cause)
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

// explain makes an error of our own token's source one of its endpoint, and adds what the profile
// knows about it.
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
