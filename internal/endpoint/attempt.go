package endpoint

import (
	"context"
	"maps"
	"net/http"
	"net/url"
)

// Credentials puts credentials on one attempt of a request (see package clientauth). It is safe for
// concurrent use.
type Credentials interface {
	// Apply sets fields of header and parameters of form, which belong to this attempt alone. After
	// an error nothing is sent.
	Apply(ctx context.Context, header http.Header, form url.Values) error
}

// attempt is what one attempt sends.
type attempt struct {
	header http.Header
	form   url.Values
	get    bool // a GET without a form
}

// AuthError is the error of a call that sent nothing, because its first attempt could not be
// authenticated.
type AuthError struct {
	Err error // of the Credentials
}

// Error returns the text of Err.
func (e *AuthError) Error() string { return e.Err.Error() }

// Unwrap returns the field Err.
func (e *AuthError) Unwrap() error { return e.Err }

// prepare returns an attempt with credentials of its own: some must not be sent twice.
func prepare(ctx context.Context, form url.Values, auth Credentials) (attempt, error) {
	a := attempt{header: http.Header{}, form: form}
	if auth == nil {
		return a, nil
	}
	a.form = maps.Clone(form)
	if err := auth.Apply(ctx, a.header, a.form); err != nil {
		return attempt{}, &AuthError{err}
	}
	return a, nil
}
