package tokensource

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrorCode is an OAuth error code (RFC 6749 section 5.2). It is an error, so that a program can
// test for it:
//
//	errors.Is(err, tokensource.ErrInvalidClient)
type ErrorCode string

// The error codes of RFC 6749 section 5.2.
const (
	ErrInvalidRequest       ErrorCode = "invalid_request"
	ErrInvalidClient        ErrorCode = "invalid_client" // also MobileFirst's errorCode INVALID_CLIENT_ID
	ErrInvalidGrant         ErrorCode = "invalid_grant"
	ErrUnauthorizedClient   ErrorCode = "unauthorized_client"
	ErrUnsupportedGrantType ErrorCode = "unsupported_grant_type"
	ErrInvalidScope         ErrorCode = "invalid_scope"
)

// Error returns the code.
func (c ErrorCode) Error() string { return string(c) }

// ConfigError is a mistake in one field of a Config, here or in package core. An error of [New]
// wraps it:
//
//	if e, ok := errors.AsType[*tokensource.ConfigError](err); ok {
//		log.Printf("%s is wrong", e.Field)
//	}
type ConfigError struct {
	// Field is the field's name, such as "Config.Timeout".
	Field string
	// Err is the mistake. Its text completes a sentence that begins with Field, and contains no
	// secret.
	Err error
}

// Error returns Field and the text of Err.
func (e *ConfigError) Error() string { return e.Field + " " + e.Err.Error() }

// Unwrap returns the field Err.
func (e *ConfigError) Unwrap() error { return e.Err }

// EndpointError is a failed call to an endpoint of the authorization server. It never contains a
// token, a secret or a part of an answer's body.
type EndpointError struct {
	// Endpoint is "token", "introspection", "metadata", or "keys" (of signed answers). URL is its
	// address without a query.
	Endpoint, URL string
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// Code is the OAuth error code of the answer, "" if it had none.
	Code ErrorCode
	// RetryAfter is the time to wait before the next call: what the server asked for, at most a
	// minute, or the rest of the Source's own backoff. Zero means that neither is known.
	RetryAfter time.Duration
	// Hint is what the operator should check. It may be empty.
	Hint string
	// Err is the cause if Status and Code do not show it, such as a network error. It may be nil.
	Err error
}

// Error returns the endpoint, its answer and the hint.
func (e *EndpointError) Error() string {
	s := e.Endpoint + " endpoint " + e.URL
	if e.Status != 0 {
		s += fmt.Sprintf(" answered %d", e.Status)
	}
	if e.Code != "" {
		s += " " + string(e.Code)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the field Err.
func (e *EndpointError) Unwrap() error { return e.Err }

// Is reports whether target is the error's Code.
func (e *EndpointError) Is(target error) bool {
	c, ok := target.(ErrorCode)
	return ok && c != "" && c == e.Code
}

// isRefusal reports whether the server refused our credentials or our scope. Another request fails,
// too, until the operator changes something.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*EndpointError](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return true
	}
	return e.Status == http.StatusOK && e.Code != ""
}
