package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Verifier decides whether requests may pass. Make one with New for each authorization server, share it between all routes,
// and keep it for the life of the program: it is safe for concurrent use and needs no closing.
type Verifier struct {
	profile      Profile
	cache        caching
	clock        *clock
	introspector *introspector
	keys         *keyer
	maxToken     int
	skew         time.Duration
	log          *slog.Logger
	trace        hooks
}

// Causes that need no words of their own, made once.
var (
	errInactive    = fmt.Errorf("%w: it is not active", ErrInvalidToken)
	errExpired     = fmt.Errorf("%w: it has expired", ErrInvalidToken)
	errNotYet      = fmt.Errorf("%w: it is not valid yet", ErrInvalidToken)
	errFuture      = fmt.Errorf("%w: it was issued in the future, or after its end", ErrInvalidToken)
	errIssuer      = fmt.Errorf("%w: it comes from another issuer", ErrInvalidToken)
	errAudience    = fmt.Errorf("%w: it is meant for another service", ErrInvalidToken)
	errUnfulfilled = fmt.Errorf("%w: the requirement is not valid", ErrUnavailable)
)

// futureIssue is how far in the future "iat" may lie: clocks differ.
const futureIssue = time.Minute

// Authorize decides about a request: authorization holds the values of all its Authorization fields, need is what the route
// asks for. It returns the Principal of an accepted request, or what to answer to a refused one; never both. For an Optional
// requirement and a request without bearer credentials it returns the zero Principal and no Denial. It waits for the
// authorization server no longer than ctx and Config.Timeout allow. A remembered answer costs no allocation and no lock
// that another request could hold for long. The values are not kept beyond the call.
func (v *Verifier) Authorize(ctx context.Context, authorization []string, need Requirement) (Principal, *Denial) {
	p, cause := v.authorize(ctx, authorization, need)
	if cause == nil {
		v.trace.decided(ctx, p, nil)
		return p, nil
	}
	d := v.profile.denial(cause, need)
	v.trace.decided(ctx, Principal{}, d)
	return Principal{}, d
}

func (v *Verifier) authorize(ctx context.Context, authorization []string, need Requirement) (Principal, error) {
	if need.kind == unset {
		return Principal{}, errUnfulfilled
	}
	token, err := credentials(authorization, v.maxToken)
	if err != nil {
		if need.optional && err == ErrNoToken {
			return Principal{}, nil
		}
		return Principal{}, err
	}
	key := v.keys.key(token)
	at, now := v.clock.now()
	in := v.cache.find(key, need, at)
	v.trace.looked(ctx, found(in))
	if in == nil {
		if err := checkToken(token); err != nil {
			return Principal{}, err
		}
		if in, err = v.cache.fetch(ctx, key, strings.Clone(token), need); err != nil {
			return Principal{}, unavailable(err)
		}
		_, now = v.clock.now()
	}
	if err := v.decide(in, need, now); err != nil {
		if v.log.Enabled(ctx, slog.LevelDebug) {
			v.log.LogAttrs(ctx, slog.LevelDebug, "token refused", slog.Any("cause", err), slog.String("token_id", v.keys.fingerprint(key)))
		}
		return Principal{}, err
	}
	return Principal{in}, nil
}

func found(in *introspection) Lookup {
	switch {
	case in == nil:
		return Miss
	case in.active:
		return Hit
	}
	return NegativeHit
}

// unavailable marks an error of the introspector as our trouble, which it is unless it is a conflict.
func unavailable(err error) error {
	if err == ErrConflict {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// decide holds the facts about a token against what the route needs, at this moment. Validity comes before scope, so that a
// bad token learns nothing about the route (RFC 6750 section 3.1).
func (v *Verifier) decide(in *introspection, need Requirement, at instant) error {
	skew := instant(v.skew.Milliseconds())
	switch {
	case !in.active:
		return errInactive
	case in.unfit != "":
		return fmt.Errorf("%w: %s", ErrInvalidToken, in.unfit)
	case in.expires != 0 && at >= in.expires+skew:
		return errExpired
	case in.notBefore != 0 && at+skew < in.notBefore:
		return errNotYet
	case in.issuedAt != 0 && in.issuedAt > at+max(skew, instant(futureIssue.Milliseconds())):
		return errFuture
	case in.issuedAt != 0 && in.expires != 0 && in.issuedAt > in.expires:
		return errFuture
	case v.profile.issuer != "" && in.issuer != v.profile.issuer:
		return errIssuer
	case v.profile.audience != nil && !slices.ContainsFunc(in.audience, v.meant):
		return errAudience
	case !need.met(in.scope):
		return ErrInsufficientScope
	}
	return nil
}

func (v *Verifier) meant(audience string) bool { return slices.Contains(v.profile.audience, audience) }

// Check says what is wrong with a requirement under this Verifier's profile. Adapters call it once, when a route is set up.
func (v *Verifier) Check(need Requirement) error {
	if v == nil {
		return errors.New("core: the Verifier is nil: check the error of core.New")
	}
	return need.check(v.profile.unfitScopeChars)
}

// Forget drops what is remembered about a token, for a logout: the next request with it asks the server, and an answer that is
// on its way is not remembered. It concerns this process only.
func (v *Verifier) Forget(token string) {
	v.cache.forget(v.keys.key(token))
}

// Ready proves that tokens can be checked: it asks the server about a token that cannot exist, and so needs the right URL, good
// credentials, and the permission to introspect. The error says which of them is wrong. Call it at start-up to fail early, or
// from a readiness probe: it is bounded, backs off like any other call, and however it ends it stops no calls for tokens. The
// Verifier does not need it to work.
func (v *Verifier) Ready(ctx context.Context) error {
	// Through the flights, so that a caller without patience does not look like a server that does not answer.
	err := v.cache.ready(ctx, v.keys.key("\x00"+nobody))
	switch {
	case err == nil, errors.Is(err, ErrConflict):
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("core: not ready: no answer from %s in time: %w", v.introspector.url, err)
	}
	return fmt.Errorf("core: not ready: %w", err)
}
