package core

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

// ScopeError is the cause of a refusal with insufficient_scope. It matches ErrInsufficientScope.
type ScopeError struct {
	// ClientID is the client that the token was issued to.
	ClientID string
	// Required are the scope elements of the route, and Granted those of the token, with blanks
	// between them.
	Required, Granted string
}

// Error implements error.
func (e *ScopeError) Error() string {
	return fmt.Sprintf("%v: the route asks for %q, client %q was granted %q", ErrInsufficientScope, e.Required, e.ClientID, clip(e.Granted))
}

// Unwrap returns ErrInsufficientScope.
func (e *ScopeError) Unwrap() error { return ErrInsufficientScope }

// explain adds to a cause what an operator needs to see.
func (v *Verifier) explain(in *introspect.Introspection, need Requirement, cause error) error {
	if cause == ErrInsufficientScope {
		return &ScopeError{ClientID: in.ClientID(), Required: strings.Join(need.scope, " "), Granted: string(in.Scope())}
	}
	return cause
}

// suspicious are the causes that look like a mistake in our configuration or of a clock. Each is
// logged above Debug once a minute.
var suspicious = [...]error{errAudience, errIssuer, errTokenType, errBound, errNotYet, errFuture, errNoServer}

// warnEvery is how often.
const warnEvery = time.Minute

// warnings says when each of the suspicious causes was logged last, on the Verifier's clock, plus
// warnEvery.
type warnings [len(suspicious)]atomic.Int64

// due reports whether cause is to be logged as a warning now, and counts that.
func (w *warnings) due(cause error, epoch time.Time) bool {
	for i, s := range suspicious {
		if cause == s {
			at := time.Since(epoch)
			next := w[i].Load()
			return int64(at) >= next && w[i].CompareAndSwap(next, int64(at+warnEvery))
		}
	}
	return false
}

// report logs a refusal: at Debug, or as a warning with what was expected and what was seen. It
// shows no personal data.
func (v *Verifier) report(ctx context.Context, p Principal, key memcache.Key, cause error, now introspect.Instant) {
	if v.warnings.due(cause, v.clock.epoch) {
		expected, seen := v.compare(p.in, cause, now)
		v.log.LogAttrs(ctx, slog.LevelWarn, "token refused: is this service configured for these tokens? (told once a minute)",
			slog.String("reason", string(reasonOf(cause))), slog.String("client_id", clip(p.ClientID())),
			slog.String("expected", expected), slog.String("seen", clip(seen)))
		return
	}
	if v.log.Enabled(ctx, slog.LevelDebug) {
		v.log.LogAttrs(ctx, slog.LevelDebug, "token refused", slog.Any("cause", cause),
			slog.String("reason", string(reasonOf(cause))), slog.String("token_id", v.keys.fingerprint(key)))
	}
}

// compare returns what a suspicious cause expected, and what the answer has instead.
func (v *Verifier) compare(in *introspect.Introspection, cause error, now introspect.Instant) (expected, seen string) {
	switch cause {
	case errAudience:
		return "aud is one of " + strings.Join(v.profile.audience, " "), named("aud", strings.Join(in.Audience, " "))
	case errIssuer:
		return "iss " + v.profile.issuer, named("iss", in.Issuer())
	case errNoServer:
		return "an iss that a server is named for (core.Issuer), or a server for all others (core.Default)", "another iss, or none"
	case errTokenType:
		raw, _ := in.Member("token_type")
		return "token_type Bearer", "token_type " + string(raw)
	case errBound:
		return "a token without cnf: a token that is bound to a key needs a proof that is not supported", "cnf is there"
	case errNotYet:
		return "nbf at " + clockText(now) + " or before, on our clock", "nbf " + clockText(in.NotBefore)
	}
	return "iat at " + clockText(now) + " or before, on our clock, and before exp", "iat " + clockText(in.IssuedAt) + ", exp " + clockText(in.Expires)
}

// named is a member with its value, which the answer may not have.
func named(member, value string) string {
	if value == "" {
		return "no " + member
	}
	return member + " " + value
}

func clockText(i introspect.Instant) string { return i.Time().UTC().Format(time.RFC3339) }

// clip bounds text that comes from the server.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
