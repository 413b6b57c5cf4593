package core

import (
	"context"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

// Guard decides about the requests for a route. Make one for each route with [Verifier.Guard]. It
// is immutable and safe for concurrent use. The zero Guard and a nil one refuse each request with
// 503.
type Guard struct {
	v       *Verifier
	need    Requirement
	denials denials
	choice  *choice // of a Guard for several servers, which has neither v nor denials
}

// Guard returns the Guard for a route that asks for need. It returns an error for a nil Verifier,
// and for a requirement that is not valid: the zero one, a negative MaxAge, or a scope element
// that the server or its clients cannot read.
func (v *Verifier) Guard(need Requirement) (*Guard, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	if v.servers != nil {
		return v.servers.guard(need)
	}
	server := v.profile.server
	if err := need.check(server); err != nil {
		return nil, err
	}
	return &Guard{v: v, need: need, denials: denialsFor(server, strings.Join(need.scope, " "))}, nil
}

// Authorize decides about a request. It returns the Principal of an accepted request, or what to
// answer to a refused one; never both. For an Optional requirement and a request without bearer
// credentials it returns the zero Principal and no Denial. It waits for the authorization server
// no longer than ctx and [Config].Timeout allow. A remembered answer costs no allocation, and no
// lock that another request could hold for long; but one hit of each answer in use has the server
// asked again, which another goroutine does.
func (g *Guard) Authorize(ctx context.Context, r Request) (Principal, *Denial) {
	if g == nil || g.v == nil {
		if g != nil && g.choice != nil {
			return g.choice.authorize(ctx, r)
		}
		return Principal{}, noGuard()
	}
	p, cause := g.authorize(ctx, r)
	if cause == nil {
		g.v.trace.decided(ctx, p, nil)
		return p, nil
	}
	return Principal{}, g.refuse(ctx, cause)
}

func (g *Guard) refuse(ctx context.Context, cause error) *Denial {
	d := g.denials.of(cause)
	g.v.trace.decided(ctx, Principal{}, d)
	return d
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
	in, from, background := v.cache.find(key, g.need, at), &v.remembered, false
	if in == nil {
		in, from = v.askedBefore(ctx, key, at)
	} else if in.Due(at) {
		background = v.cache.askAgain(key, token, in, at)
	}
	v.trace.looked(ctx, found(in), background)
	if in == nil {
		if err := checkToken(v.profile.server, token); err != nil {
			return Principal{}, err
		}
		asked := v.asked.Load() // before the question: a Forget meanwhile counts
		if in, err = v.cache.fetch(ctx, key, strings.Clone(token), g.need); err != nil {
			return Principal{}, left(ctx, unavailable(err))
		}
		if in.Asked >= at {
			from = asked
		}
		_, now = v.clock.now()
	}
	p := Principal{in, from}
	if err := v.decide(in, g.need, now); err != nil {
		err = v.explain(in, g.need, err)
		v.report(ctx, p, key, err, now)
		return Principal{}, err
	}
	return p, nil
}

// Context returns the context for the handler of an accepted request: ctx with p in it, ended with
// the token if the requirement says [Requirement.UntilExpiry]. Call end when the handler has
// returned. Adapters call it.
func (g *Guard) Context(ctx context.Context, p Principal) (_ context.Context, end context.CancelFunc) {
	ctx = NewContext(ctx, p)
	if g == nil || !g.need.untilEnd || p.in == nil || p.in.Expires == 0 {
		return ctx, func() {}
	}
	return context.WithDeadlineCause(ctx, p.in.Expires.Time().Add(p.from.v.skew), errExpired)
}

// askedBefore returns the answer that an outer guard has asked for while it decided about the same
// request: it is as fresh as one that is asked for now. That holds for Config.Timeout, and not
// beyond a Forget, because a context may live long.
func (v *Verifier) askedBefore(ctx context.Context, key memcache.Key, at time.Duration) (*introspect.Introspection, *origin) {
	p, ok := FromContext(ctx)
	if !ok || p.from != v.asked.Load() || p.in.Key != key || at-p.in.Asked > v.timeout {
		return nil, &v.remembered
	}
	return p.in, p.from
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
