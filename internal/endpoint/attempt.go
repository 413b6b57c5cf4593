package endpoint

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/mfpguard/mfpguard/internal/clientauth"
)

// attempt is what one attempt sends.
type attempt struct {
	header http.Header
	form   url.Values
}

// AuthError is the error of a call whose first attempt could not be authenticated: nothing was sent.
type AuthError struct {
	Err error // of the clientauth.Method, as it is
}

// Error returns the text of Err.
func (e *AuthError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *AuthError) Unwrap() error { return e.Err }

// prepare makes an attempt: each has its own credentials, because some must not be sent twice.
func prepare(ctx context.Context, form url.Values, auth clientauth.Method) (attempt, error) {
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
