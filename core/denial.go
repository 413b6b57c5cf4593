package core

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// Denial is the answer to a request that is refused, ready to be copied: an adapter writes Status,
// Header and Body as they are and decides nothing. It belongs to the caller.
type Denial struct {
	Status int
	// Reason is a stable code for why.
	Reason Reason
	// Header lists the response fields in order. Their names have the spelling that MobileFirst
	// clients look for, so write them as they are. (In net/http, Header.Set changes the spelling; the
	// map does not.)
	Header []Field
	// Body is one line of JSON.
	Body string
	// Cause says why: it matches one of this package's errors with errors.Is. It is for the log and
	// for your own code, never for the client.
	Cause error
}

// Field is a response header field.
type Field struct{ Name, Value string }

const defaultRetryAfter = 5 * time.Second

// responses maps each cause to what the client is told. It is the only place. A missing credential
// has no error code (RFC 6750 section 3.1). Trouble between us and the server has no challenge,
// because the client can do nothing about it.
var responses = [...]struct {
	cause     error
	status    int
	challenge bool
	code      string // of the challenge
	body      string
}{
	// First, because what it wraps may come from the program's own functions, and must not decide
	// what the client is told.
	{ErrUnavailable, http.StatusServiceUnavailable, false, "", `{"error":"temporarily_unavailable"}`},
	{ErrNoToken, http.StatusUnauthorized, true, "", `{"error":"missing_token"}`},
	{ErrMalformed, http.StatusUnauthorized, true, "invalid_token", `{"error":"invalid_token"}`},
	{ErrInvalidToken, http.StatusUnauthorized, true, "invalid_token", `{"error":"invalid_token"}`},
	{ErrAmbiguous, http.StatusBadRequest, true, "invalid_request", `{"error":"invalid_request"}`},
	{ErrInsufficientScope, http.StatusForbidden, true, "insufficient_scope", `{"error":"insufficient_scope"}`},
	{ErrConflict, http.StatusConflict, false, "", `{"error":"conflict"}`},
}

// denials holds the response fields of each cause in responses, made once for a route.
type denials [len(responses)][]Field

// denialsFor makes the denials of a route that asks for this scope.
func denialsFor(server introspect.Server, scope string) (all denials) {
	for i, r := range responses {
		fields := []Field{{"Cache-Control", "no-store"}, {"Content-Type", mediaJSON}}
		missing := ""
		if r.cause == ErrInsufficientScope {
			missing = scope
		}
		switch name, value := server.ConflictField(); {
		case r.challenge:
			fields = append(fields, Field{"WWW-Authenticate", server.Challenge(r.code, missing)})
		case r.cause == ErrConflict && name != "":
			fields = append(fields, Field{name, value})
		}
		all[i] = slices.Clip(fields)
	}
	return all
}

const mediaJSON = "application/json"

// of returns the denial for a cause.
func (all *denials) of(cause error) *Denial {
	for i, r := range responses {
		if errors.Is(cause, r.cause) {
			d := &Denial{Status: r.status, Reason: reasonOf(cause), Header: slices.Clone(all[i]), Body: r.body, Cause: cause}
			if r.cause == ErrUnavailable {
				d.Header = append(d.Header, Field{"Retry-After", retryAfter(cause)})
			}
			return d
		}
	}
	return all.of(fmt.Errorf("%w: %w", ErrUnavailable, cause)) // no other error lets anyone in
}

// noGuard is the denial of a Guard that was not made by Verifier.Guard.
func noGuard() *Denial {
	d := denialsFor(introspect.NewRFC7662("", "", nil), "")
	return d.of(fmt.Errorf("%w: the Guard is not one of Verifier.Guard", ErrUnavailable))
}

// unavailable marks an error of the introspector as our trouble. A conflict is the client's.
func unavailable(err error) error {
	if err == ErrConflict {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// retryAfter returns whole seconds, rounded up: what the endpoint or our own backoff said, or a
// guess.
func retryAfter(cause error) string {
	wait := defaultRetryAfter
	if e, ok := errors.AsType[*EndpointError](cause); ok && e.RetryAfter > 0 {
		wait = e.RetryAfter
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
