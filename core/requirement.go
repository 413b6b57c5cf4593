package core

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/tokensource"
)

// A Requirement is what a route asks of a token. Make one with [AllOf], [AnyOf] or [Authenticated].
// It is immutable; its methods return changed copies. It is decided on each request, also when the
// answer about the token is remembered. The zero Requirement is not valid: [Verifier.Guard] reports
// it.
type Requirement struct {
	kind     kind
	scope    []string // as configured, in that order
	fresh    bool     // maxAge is set
	maxAge   time.Duration
	optional bool
	untilEnd bool // the context of the request ends with the token
}

type kind uint8

const (
	unset kind = iota
	authenticated
	allOf
	anyOf
)

// AllOf asks for an active token that was granted all of the scope elements. Elements compare whole
// and case-sensitively (RFC 6749 section 3.3). A granted "*" has no special meaning.
func AllOf(scope string, more ...string) Requirement {
	return Requirement{kind: allOf, scope: append([]string{scope}, more...)}
}

// AnyOf asks for an active token that was granted at least one of the scope elements. The challenge
// names all of them.
func AnyOf(scope string, more ...string) Requirement {
	return Requirement{kind: anyOf, scope: append([]string{scope}, more...)}
}

// Authenticated asks for any active token, whatever its scope.
func Authenticated() Requirement { return Requirement{kind: authenticated} }

// MaxAge asks for an answer of the server that is not older than d. Use it for routes on which a
// revoked token must not pass for as long as the cache remembers it. With zero, each request asks
// the server; it shares only a question that is sent after it came.
func (r Requirement) MaxAge(d time.Duration) Requirement {
	r.maxAge, r.fresh = d, true
	return r
}

// Optional lets a request without bearer credentials pass as anonymous: [FromContext] finds no
// Principal then. A token that is sent must meet the requirement as ever, and trouble with the
// server is 503 as ever.
func (r Requirement) Optional() Requirement {
	r.optional = true
	return r
}

// UntilExpiry lets the context of an accepted request end when its token does, for streams that may
// last longer: server-sent events, a WebSocket. Its cause (context.Cause) then matches
// ErrInvalidToken. A token without an end does not end the context.
func (r Requirement) UntilExpiry() Requirement {
	r.untilEnd = true
	return r
}

// met reports whether the granted scope satisfies r.
func (r Requirement) met(g introspect.Scope) bool {
	switch r.kind {
	case authenticated:
		return true
	case allOf:
		for _, s := range r.scope {
			if !g.Has(s) {
				return false
			}
		}
		return true
	case anyOf:
		for _, s := range r.scope {
			if g.Has(s) {
				return true
			}
		}
	}
	return false
}

// check returns what is wrong with r for a server.
func (r Requirement) check(server introspect.Server) error {
	forbidden, reason := server.ForbiddenScopeChars()
	if r.kind == unset {
		return errors.New("core: the zero Requirement: use AllOf, AnyOf or Authenticated")
	}
	if r.maxAge < 0 {
		return fmt.Errorf("core: Requirement.MaxAge is %v, want >= 0", r.maxAge)
	}
	for _, s := range r.scope {
		err := tokensource.CheckScope(s)
		switch {
		case s == "":
			err = errors.New("is empty")
		case strings.Contains(s, " "):
			err = errors.New("has a blank: pass each scope element as an argument of its own")
		case err == nil && strings.ContainsAny(s, forbidden):
			err = fmt.Errorf("has one of the characters %s, %s", forbidden, reason)
		}
		if err != nil {
			return fmt.Errorf("core: required scope %q %w", s, err)
		}
	}
	return nil
}
