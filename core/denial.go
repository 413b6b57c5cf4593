package core

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Denial is the answer to a request that is refused, ready to be copied: an adapter writes Status, Header and Body as they are
// and decides nothing. It belongs to the caller.
type Denial struct {
	Status int
	// Header lists the response fields in order. Their names have the spelling that MobileFirst clients look for, so write
	// them as they are (net/http canonicalizes in Header.Set, not in the map).
	Header []Field
	// Body is one line of JSON.
	Body string
	// Cause says why: it matches one of this package's errors with errors.Is. It is for the log and for your own code, never
	// for the client.
	Cause error
}

// Field is a response header field.
type Field struct{ Name, Value string }

const defaultRetryAfter = 5 * time.Second

// answers maps each cause to what the client is told. It is the only place that does. A missing credential has no error
// code (RFC 6750 section 3.1), and trouble between us and the server has no challenge: it is not the client's to mend.
var answers = []struct {
	cause     error
	status    int
	challenge bool
	code      string // of the challenge
	body      string
}{
	// First, because what it wraps may come from the program's own functions, and must not decide whom to blame.
	{ErrUnavailable, http.StatusServiceUnavailable, false, "", `{"error":"temporarily_unavailable"}`},
	{ErrNoToken, http.StatusUnauthorized, true, "", `{"error":"missing_token"}`},
	{ErrMalformed, http.StatusUnauthorized, true, "invalid_token", `{"error":"invalid_token"}`},
	{ErrInvalidToken, http.StatusUnauthorized, true, "invalid_token", `{"error":"invalid_token"}`},
	{ErrAmbiguous, http.StatusBadRequest, true, "invalid_request", `{"error":"invalid_request"}`},
	{ErrInsufficientScope, http.StatusForbidden, true, "insufficient_scope", `{"error":"insufficient_scope"}`},
	{ErrConflict, http.StatusConflict, false, "", `{"error":"conflict"}`},
}

// denial is the answer for a cause under this profile.
func (p *Profile) denial(cause error, need Requirement) *Denial {
	if errors.Is(cause, ErrInsufficientScope) {
		if err := need.check(p.unfitScopeChars); err != nil { // its scope must not get into a challenge
			cause = fmt.Errorf("%w: %w", errUnfulfilled, err)
		}
	}
	d := &Denial{Cause: cause, Header: []Field{{"Cache-Control", "no-store"}, {"Content-Type", mediaJSON}}}
	for _, a := range answers {
		if !errors.Is(cause, a.cause) {
			continue
		}
		d.Status, d.Body = a.status, a.body
		switch {
		case a.cause == ErrInsufficientScope:
			d.add("WWW-Authenticate", p.challenge(a.code, strings.Join(need.scope, " ")))
		case a.challenge:
			d.add("WWW-Authenticate", p.challenge(a.code, ""))
		case a.cause == ErrConflict:
			d.add("MFP-Conflict", "true")
		default:
			d.add("Retry-After", retryAfter(cause))
		}
		return d
	}
	return p.denial(fmt.Errorf("%w: %w", ErrUnavailable, cause), need) // whatever it is, it is no way in
}

func (d *Denial) add(name, value string) { d.Header = append(d.Header, Field{name, value}) }

// retryAfter is in whole seconds, rounded up: what the endpoint or our own backoff said, or a guess.
func retryAfter(cause error) string {
	wait := defaultRetryAfter
	if e, ok := errors.AsType[*EndpointError](cause); ok && e.RetryAfter > 0 {
		wait = e.RetryAfter
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
