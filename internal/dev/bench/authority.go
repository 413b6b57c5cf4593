package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// More kinds of tokens, for an authority. All are active except garbageToken and those that its
// rule makes inactive.
const (
	newToken     = "n" // of a user who was not here before
	hostileToken = "h"
)

// A ruling is what an authority answers about a token.
type ruling struct {
	status     int    // zero means 200
	media      string // "" means JSON
	retryAfter string
	body       string
	after      time.Duration
	silent     bool // there is no answer
}

// An authority is an authorization server without a socket that answers about each token as its
// rule says. It issues our own token at once.
type authority struct {
	rule func(token string) ruling
}

// lawful is the rule of a healthy server whose answers take that long.
func lawful(after time.Duration) func(token string) ruling {
	return func(token string) ruling {
		if token[:1] == garbageToken {
			return ruling{body: inactiveAnswer, after: after}
		}
		return ruling{body: activeAnswer, after: after}
	}
}

// RoundTrip implements [http.RoundTripper].
func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(r.URL.Path, "/token") {
		return answer(r, `{"access_token":"own","token_type":"Bearer","expires_in":3599,"scope":"authorization.introspect"}`), nil
	}
	token, _, _ := strings.Cut(strings.TrimPrefix(string(form), "token="), "&")
	said := a.rule(token)
	if said.silent {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if err := linger(r.Context(), said.after); err != nil {
		return nil, err
	}
	res := answer(r, said.body)
	if said.status != 0 {
		res.StatusCode = said.status
	}
	if said.media != "" {
		res.Header.Set("Content-Type", said.media)
	}
	if said.retryAfter != "" {
		res.Header.Set("Retry-After", said.retryAfter)
	}
	return res, nil
}

// linger waits that long, or until ctx ends.
func linger(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// under returns a Verifier that asks an authority with that rule. It has the default settings,
// but a shorter timeout in a smoke test.
func under(s settings, rule func(token string) ruling) (*core.Verifier, error) {
	return verifier(&authority{rule: rule}, func(c *core.Config) { c.Timeout = of(s, 0, time.Second) })
}
