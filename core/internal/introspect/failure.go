package introspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/tokensource"
)

const introspectionEndpoint = "introspection"

var (
	// errNoTime marks a call that failed because too little time was left for it, after it had
	// waited for a slot or for a token of our own. That says nothing about the endpoint.
	errNoTime = errors.New("too little time was left for the call")
	// errPanic marks a call that ended in a panic of the program's own functions.
	errPanic = errors.New("Config.Transport or Config.ClientSecretFunc panicked")
	// ErrNotAdmitted marks the error of a call that was not made.
	ErrNotAdmitted = errors.New("not asked")
	// errNoSpare is the error of a background call that was not made: callers may need the slots.
	errNoSpare = fmt.Errorf("%w in the background: callers may need the slots, or the endpoint fails", ErrNotAdmitted)
	// ErrCircuitOpen is the kind of ErrNotAdmitted for an endpoint that fails for all tokens.
	ErrCircuitOpen error = notAsked{}
)

// notAsked has the text of ErrNotAdmitted and is another error.
type notAsked struct{}

func (notAsked) Error() string { return ErrNotAdmitted.Error() }
func (notAsked) Unwrap() error { return ErrNotAdmitted }

// failed returns what err says about the introspection endpoint, if it is about that.
func failed(err error) (*tokensource.EndpointError, bool) {
	e, ok := errors.AsType[*tokensource.EndpointError](err)
	return e, ok && e.Endpoint == introspectionEndpoint
}

// classify returns what the end of a call shows about the endpoint. Trouble with one answer must
// not stop the calls for other tokens. Trouble with our own token has a backoff of its own.
func (i *Introspector) classify(err error) admission.Outcome {
	e, isEndpoint := failed(err)
	switch {
	case err == nil, errors.Is(err, ErrConflict):
		return admission.Outcome{Evidence: admission.Answered}
	case errors.Is(err, errNoTime), errors.Is(err, errPanic), !isEndpoint:
		return admission.Outcome{Evidence: admission.None}
	case errors.Is(err, endpoint.ErrTooLarge):
		return admission.Outcome{Evidence: admission.Answered}
	case e.Status == 0:
		return admission.Outcome{Evidence: admission.Broken}
	case e.Status == http.StatusOK && !isForeign(err), e.Status != http.StatusOK && i.server.subject(e.Status) == theToken:
		return admission.Outcome{Evidence: admission.Answered}
	}
	return admission.Outcome{Evidence: admission.Doubtful, StayAway: e.RetryAfter}
}

// isForeign reports whether an answer may come from another place than an introspection endpoint:
// it is not even JSON, or its signature says so.
func isForeign(err error) bool {
	if _, ok := errors.AsType[*notJSONError](err); ok {
		return true
	}
	_, ok := errors.AsType[*untrustedError](err)
	return ok
}

// transient reports whether a second call may help. A call that has had all its time, or that ended
// in the program's own panic, is not repeated.
func transient(err error) bool {
	e, ok := failed(err)
	return ok && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errPanic) &&
		endpoint.Transient(e.Status, e.RetryAfter > 0, err)
}

// clientRejected reports whether the introspection endpoint refused the caller, which is us.
func (i *Introspector) clientRejected(err error) bool {
	e, ok := failed(err)
	return ok && e.Status != 0 && i.server.subject(e.Status) == theClient
}

// ClientRejected reports whether an operator must look at our configuration: a server refused our
// credentials, our token or our request.
func ClientRejected(err error) bool {
	e, ok := errors.AsType[*tokensource.EndpointError](err)
	return ok && e.Endpoint != keysEndpoint && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusBadRequest)
}

// fail is the error for what the introspection endpoint did.
func (i *Introspector) fail(status int, cause error) *tokensource.EndpointError {
	e := &tokensource.EndpointError{Endpoint: introspectionEndpoint, URL: i.url, Status: status, Err: cause}
	if status == 0 {
		e.Hint = endpoint.Hint(cause, i.timeout)
	} else {
		e.Hint = i.server.hint(status)
		if i.server.subject(status) == theClient {
			e.Hint += i.credentialsHint()
		}
	}
	return e
}

// credentialsHint is what else to check when our credentials are refused.
func (i *Introspector) credentialsHint() string {
	switch c := i.client.(type) {
	case *clientauth.Assertion:
		if c.Func != nil {
			return "; check the assertion that ClientAssertion.Func returns"
		}
		return "; check the public key and its name at the server (ClientAssertion.KeyID), ClientAssertion.Audience, and both clocks"
	case clientauth.Certificate:
		return "; check which certificates the server takes, and that this is its URL for them"
	}
	return ""
}

// annotate makes an error of our own token's source one of its endpoint, and adds what the server
// knows about it.
func (i *Introspector) annotate(err error) error {
	e, ok := errors.AsType[*tokensource.EndpointError](err)
	switch {
	case !ok && i.tokenURL != "": // we have run out of time before the fetch did
		return &tokensource.EndpointError{Endpoint: "token", URL: i.tokenURL, Err: err}
	case !ok || e.Status != http.StatusNotFound:
		return err
	}
	annotated := *e
	annotated.Hint = i.server.hint(e.Status)
	return &annotated
}
