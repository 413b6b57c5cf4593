package core

import (
	"fmt"
	"slices"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// Causes that need no words of their own, made once.
var (
	errInactive  = fmt.Errorf("%w: it is not active", ErrInvalidToken)
	errTokenType = fmt.Errorf("%w: its token_type is not Bearer", ErrInvalidToken)
	errUse       = fmt.Errorf("%w: it is not an access token", ErrInvalidToken)
	errBound     = fmt.Errorf("%w: it is bound to a key (cnf)", ErrInvalidToken)
	errExpired   = fmt.Errorf("%w: it has expired", ErrInvalidToken)
	errNotYet    = fmt.Errorf("%w: it is not valid yet", ErrInvalidToken)
	errFuture    = fmt.Errorf("%w: it was issued in the future, or after its end", ErrInvalidToken)
	errIssuer    = fmt.Errorf("%w: it comes from another issuer", ErrInvalidToken)
	errNoServer  = fmt.Errorf("%w: no server is named for its issuer, and none is the Default", ErrInvalidToken)
	errAudience  = fmt.Errorf("%w: it is meant for another service", ErrInvalidToken)
)

// leeway is how far in the future "nbf" and "iat" may lie: clocks differ, and the server has just
// said that the token is active.
const leeway = time.Minute

// decide holds the facts about a token against what the route needs, at this moment; on hits too.
// Validity comes before scope, so that a bad token learns nothing about the route (RFC 6750 section
// 3.1). A token that is bound to a key (RFC 8705, RFC 9449) is refused, because the caller has not
// proved that it holds the key.
func (v *Verifier) decide(in *introspect.Introspection, need Requirement, now introspect.Instant) error {
	skew := introspect.Instant(v.skew.Milliseconds())
	future := now + max(skew, introspect.Instant(leeway.Milliseconds()))
	switch {
	case !in.Active:
		return errInactive
	case in.TokenType > introspect.TypeBearer:
		return errTokenType
	case in.Use != introspect.UseAccess:
		return errUse
	case in.IsBound():
		return errBound
	case in.Expires != 0 && now >= in.Expires+skew:
		return errExpired
	case in.NotBefore > future:
		return errNotYet
	case in.IssuedAt > future:
		return errFuture
	case in.IssuedAt != 0 && in.Expires != 0 && in.IssuedAt > in.Expires:
		return errFuture
	case v.profile.issuer != "" && in.Issuer() != v.profile.issuer:
		return errIssuer
	case v.profile.audience != nil && !slices.ContainsFunc(in.Audience, v.matchesAudience):
		return errAudience
	case !need.met(in.Scope()):
		return ErrInsufficientScope
	}
	return nil
}

// matchesAudience reports whether a value of "aud" means this service.
func (v *Verifier) matchesAudience(audience string) bool {
	return slices.Contains(v.profile.audience, audience)
}
