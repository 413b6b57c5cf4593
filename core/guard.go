package core

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// Guard decides about the requests for a route. Make one for each route with [Verifier.Guard]. It
// is immutable and safe for concurrent use. The zero Guard and a nil one refuse each request with
// 503.
type Guard struct {
	v       *Verifier
	need    Requirement
	denials denials
}

// Guard returns the Guard for a route that asks for need. It returns an error for a nil Verifier,
// and for a requirement that is not valid: the zero one, a negative MaxAge, or a scope element that
// the server or its clients cannot read.
func (v *Verifier) Guard(need Requirement) (*Guard, error) {
	if v == nil {
		return nil, errors.New("core: the Verifier is nil: check the error of core.New")
	}
	server := v.profile.server
	if err := need.check(server); err != nil {
		return nil, err
	}
	return &Guard{v: v, need: need, denials: denialsFor(server, strings.Join(need.scope, " "))}, nil
}

// Authorize decides about a request. It returns the Principal of an accepted request, or what to
// answer to a refused one; never both. For an Optional requirement and a request without bearer
// credentials it returns the zero Principal and no Denial. It waits for the authorization server no
// longer than ctx and [Config].Timeout allow. A remembered answer costs no allocation, and no lock
// that another request could hold for long.
func (g *Guard) Authorize(ctx context.Context, r Request) (Principal, *Denial) {
	if g == nil || g.v == nil {
		return Principal{}, noGuard()
	}
	p, cause := g.authorize(ctx, r)
	if cause == nil {
		g.v.trace.decided(ctx, p, nil)
		return p, nil
	}
	d := g.denials.of(cause)
	g.v.trace.decided(ctx, Principal{}, d)
	return Principal{}, d
}

func (g *Guard) authorize(ctx context.Context, r Request) (Principal, error) {
	v := g.v
	token, err := credentials(r.Authorization, v.maxToken)
	if err != nil {
		if g.need.optional && err == ErrNoToken {
			return Principal{}, nil
		}
		return Principal{}, err
	}
	key := v.keys.key(token)
	at, now := v.clock.now()
	in := v.cache.find(key, g.need, at)
	v.trace.looked(ctx, found(in))
	if in == nil {
		if err := checkToken(v.profile.server, token); err != nil {
			return Principal{}, err
		}
		if in, err = v.cache.fetch(ctx, key, strings.Clone(token), g.need); err != nil {
			return Principal{}, unavailable(err)
		}
		_, now = v.clock.now()
	}
	if err := v.decide(in, g.need, now); err != nil {
		if v.log.Enabled(ctx, slog.LevelDebug) {
			v.log.LogAttrs(ctx, slog.LevelDebug, "token refused", slog.Any("cause", err), slog.String("token_id", v.keys.fingerprint(key)))
		}
		return Principal{}, err
	}
	return Principal{in}, nil
}

func found(in *introspect.Introspection) Lookup {
	switch {
	case in == nil:
		return Miss
	case in.Active:
		return Hit
	}
	return NegativeHit
}
