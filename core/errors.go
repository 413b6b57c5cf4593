package core

import (
	"errors"

	"github.com/mfpguard/mfpguard/tokensource"
)

// The causes of a refusal. Denial.Cause matches one of them with errors.Is; look for ErrUnavailable first, because what it
// wraps may come from a program's own functions.
var (
	ErrNoToken           = errors.New("no bearer credentials")
	ErrMalformed         = errors.New("malformed bearer token")
	ErrAmbiguous         = errors.New("ambiguous credentials")
	ErrInvalidToken      = errors.New("invalid token")
	ErrInsufficientScope = errors.New("insufficient scope")
	ErrConflict          = errors.New("the authorization server reports a conflict of client state")
	ErrUnavailable       = errors.New("the token could not be checked")
)

// EndpointError says how a call to an endpoint of the authorization server failed.
type EndpointError = tokensource.EndpointError
