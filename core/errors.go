package core

import (
	"errors"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// The causes of a refusal. [Denial].Cause matches one of them with errors.Is. Test for
// ErrUnavailable first, because it may wrap an error of a program's own functions.
var (
	ErrNoToken           = errors.New("no bearer credentials")
	ErrMalformed         = errors.New("malformed bearer token")
	ErrAmbiguous         = errors.New("ambiguous credentials")
	ErrInvalidToken      = errors.New("invalid token")
	ErrInsufficientScope = errors.New("insufficient scope")
	ErrConflict          = introspect.ErrConflict
	ErrUnavailable       = errors.New("the token could not be checked")
)

// EndpointError says how a call to an endpoint of the authorization server failed.
type EndpointError = tokensource.EndpointError
