package core

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

const (
	// backgroundPart: a token in use is asked about again in the last of so many parts of the time
	// for which its answer may be remembered.
	backgroundPart = 5
	// laterPart of that time passes before a question that could not be asked is tried again.
	laterPart = 10
)

// backgroundError is the error of a call that began for no caller. One that has joined it asks
// itself.
type backgroundError struct{ error }

func (e *backgroundError) Unwrap() error { return e.error }

// askAgain asks about the token of in while its caller goes on with in, the remembered answer. It
// reports whether it does: once for each answer, unless the question was not admitted, and not if a
// call about key is under way. An answer takes the place of in, or drops it if it is inactive.
// After a failure in counts until its time is over.
func (c *caching) askAgain(key memcache.Key, token string, in *introspect.Introspection, at time.Duration) bool {
	if !in.Claim(at) {
		return false
	}
	later := at + c.remembered(in)/laterPart
	q := introspect.Question{Credentials: strings.Clone(token), Known: true, Background: true}
	began := c.flights.Start(key, func(ctx context.Context, sent func()) (*introspect.Introspection, error) {
		q.Sent = sent
		next, err := c.question(ctx, q)
		if err != nil {
			if errors.Is(err, introspect.ErrNotAdmitted) {
				in.AskAgain(later)
			}
			return nil, &backgroundError{err}
		}
		next.Key = key
		return next, nil
	})
	if !began {
		in.AskAgain(later)
	}
	return began
}
