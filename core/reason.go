package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// Reason is a stable code for why a request was refused, for metrics, logs and tests. The list
// below is closed: each Denial has one of these.
type Reason string

// The reasons. Each group has the status that the client is told.
const (
	// 401, without an error code.
	ReasonNoToken Reason = "no_token"

	// 401 invalid_token.
	ReasonMalformed      Reason = "malformed_token"
	ReasonInactive       Reason = "inactive"
	ReasonExpired        Reason = "expired"
	ReasonNotYetValid    Reason = "not_yet_valid"    // "nbf" is in the future
	ReasonIssuedInFuture Reason = "issued_in_future" // "iat" is in the future, or after "exp"
	ReasonIssuer         Reason = "wrong_issuer"     // or, with Several, that of no server
	ReasonAudience       Reason = "wrong_audience"
	ReasonTokenType      Reason = "wrong_token_type"
	ReasonUse            Reason = "not_an_access_token" // a refresh or ID token
	ReasonBound          Reason = "bound_to_a_key"      // and the caller has not proved that it has the key

	// 400 invalid_request.
	ReasonAmbiguous Reason = "ambiguous_credentials"

	// 403 insufficient_scope.
	ReasonScope Reason = "insufficient_scope"

	// 409.
	ReasonConflict Reason = "conflict"

	// 503.
	ReasonCanceled       Reason = "canceled"        // the client has gone; the server is not to blame
	ReasonOverloaded     Reason = "overloaded"      // too many calls wait, or this one waited too long
	ReasonCircuitOpen    Reason = "circuit_open"    // the server fails, and is not asked for a while
	ReasonClientRejected Reason = "client_rejected" // the server refuses our own credentials or request
	ReasonUnavailable    Reason = "unavailable"     // the server was not reached, failed, or sent what cannot be read
)

// reasons maps the causes that have one reason each.
var reasons = []struct {
	cause  error
	reason Reason
}{
	{ErrNoToken, ReasonNoToken},
	{ErrMalformed, ReasonMalformed},
	{ErrAmbiguous, ReasonAmbiguous},
	{errInactive, ReasonInactive},
	{errExpired, ReasonExpired},
	{errNotYet, ReasonNotYetValid},
	{errFuture, ReasonIssuedInFuture},
	{errIssuer, ReasonIssuer},
	{errNoServer, ReasonIssuer},
	{errAudience, ReasonAudience},
	{errTokenType, ReasonTokenType},
	{errUse, ReasonUse},
	{errBound, ReasonBound},
	{ErrInsufficientScope, ReasonScope},
	{ErrConflict, ReasonConflict},
}

// reasonOf returns the reason for a cause. What is our trouble comes first, because it may wrap an
// error of the program's own functions.
func reasonOf(cause error) Reason {
	for _, r := range reasons { // most causes are one of these
		if cause == r.cause {
			return r.reason
		}
	}
	if errors.Is(cause, ErrUnavailable) {
		return reasonOfTrouble(cause)
	}
	for _, r := range reasons {
		if errors.Is(cause, r.cause) {
			return r.reason
		}
	}
	return ReasonUnavailable
}

func reasonOfTrouble(cause error) Reason {
	switch {
	case errors.Is(cause, errLeft):
		return ReasonCanceled
	case errors.Is(cause, introspect.ErrCircuitOpen):
		return ReasonCircuitOpen
	case errors.Is(cause, introspect.ErrNotAdmitted):
		return ReasonOverloaded
	case introspect.ClientRejected(cause):
		return ReasonClientRejected
	}
	return ReasonUnavailable
}

// errLeft marks the cause of a request whose client has gone.
var errLeft = errors.New("the client has gone")

// left marks trouble that comes from the end of a request whose client has gone.
func left(ctx context.Context, err error) error {
	if errors.Is(err, ErrUnavailable) && errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w (%w)", err, errLeft)
	}
	return err
}
