package jose

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// ErrNoKeys means that the keys of the authorization server could not be got, or that none of them
// can be used. The error is a [KeysError] then.
var ErrNoKeys = errors.New("the keys of the authorization server cannot be read")

// ErrCrowded is in the chain of a [KeysError] of a caller that was turned away, because as many as
// may wait for the keys did so.
var ErrCrowded = fmt.Errorf("%d callers wait for them", maxWaiting)

// KeysError is the error of a key document that could not be got or used. It is [ErrNoKeys] for
// errors.Is, and wraps the cause.
type KeysError struct {
	URL        string        // without user information and query
	Status     int           // of the answer; 0 if there was none
	RetryAfter time.Duration // the next fetch is not before; 0 if that is not known
	Err        error         // nil if the status is the reason
}

// Error names the URL, the reason and what to look at.
func (e *KeysError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v from %s", ErrNoKeys, e.URL)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if hint := e.Hint(); hint != "" {
		fmt.Fprintf(&b, ": %s", hint)
	}
	return b.String()
}

// Is reports whether target is ErrNoKeys.
func (e *KeysError) Is(target error) bool { return target == ErrNoKeys }

// Unwrap returns the field Err.
func (e *KeysError) Unwrap() error { return e.Err }

// Hint returns what the operator should check, or "".
func (e *KeysError) Hint() string {
	switch {
	case errors.Is(e.Err, errUnusable):
		return "check that the URL is that of the server's keys"
	case e.Err != nil:
		return endpoint.Hint(e.Err, 0)
	case e.Status == 401 || e.Status == 403:
		return "the keys must be readable without credentials"
	case 300 <= e.Status && e.Status < 400:
		return "redirects are not followed: use the URL that it leads to"
	case e.Status == 404 || e.Status == 410 || e.Status < 300:
		return "check that the URL is that of the server's keys"
	}
	return ""
}

// after returns a copy whose RetryAfter is d.
func (e *KeysError) after(d time.Duration) *KeysError {
	again := *e
	again.RetryAfter = d
	return &again
}
