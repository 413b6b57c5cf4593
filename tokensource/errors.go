package tokensource

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrorCode is an OAuth error code (RFC 6749 section 5.2). The codes are errors: test for one with
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

// ConfigError is a mistake in one field of a Config, here or in package core. The errors of New wrap it:
//
//	if e, ok := errors.AsType[*tokensource.ConfigError](err); ok {
//		log.Printf("%s is wrong", e.Field)
//	}
type ConfigError struct {
	// Field is the field's name, such as "Config.Timeout".
	Field string
	// Err is what is wrong with it. Its text completes a sentence that begins with Field, and repeats no secret.
	Err error
}

// Error returns the sentence.
func (e *ConfigError) Error() string { return e.Field + " " + e.Err.Error() }

// Unwrap returns Err.
func (e *ConfigError) Unwrap() error { return e.Err }

// EndpointError says how a call to an endpoint of the authorization server failed. It never holds a token, a secret or
// a part of an answer's body.
type EndpointError struct {
	// Endpoint is "token" or "introspection", URL its address without a query.
	Endpoint, URL string
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code is the OAuth error code of the answer, "" when it had none.
	Code ErrorCode
	// RetryAfter is how long to wait before the next call: what the server asked for (at most a minute) or what is left
	// of our own backoff. Zero means that nobody said.
	RetryAfter time.Duration
	// Hint says in words what to look at; it may be empty.
	Hint string
	// Err is the cause when Status and Code do not tell it, for instance a network error. It may be nil.
	Err error
}

// Error names the endpoint, what it answered, and what to look at.
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

// Unwrap returns the cause.
func (e *EndpointError) Unwrap() error { return e.Err }

// Is reports whether target is the error's Code.
func (e *EndpointError) Is(target error) bool {
	c, ok := target.(ErrorCode)
	return ok && c != "" && c == e.Code
}

// refused says that the server turned our credentials or our scope down: asking again soon cannot help.
func refused(err error) bool {
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
