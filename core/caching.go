package core

import (
	"context"
	"errors"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/detach"
	"github.com/mfpguard/mfpguard/internal/flight"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

// caching remembers what the introspector said: active answers for a while but never beyond the
// token's end, inactive ones briefly and in a store of their own, so that a flood of garbage tokens
// displaces no good one; errors and conflicts not at all. Concurrent questions about one token
// share one call.
//
// All its times count from epoch on the monotonic clock, which no change of the wall clock touches.
type caching struct {
	ask         func(context.Context, introspect.Question) (*introspect.Introspection, error)
	epoch       time.Time
	ttl         time.Duration
	negativeTTL time.Duration
	active      *memcache.Cache[*introspect.Introspection]
	inactive    *memcache.Cache[time.Duration] // when it was asked for, since epoch
	flights     flight.Group[memcache.Key, *introspect.Introspection]
}

// longestTTL keeps sums of times within what a Duration holds.
const longestTTL = 365 * 24 * time.Hour

var (
	// inactiveAnswer stands for all inactive answers: they say nothing else.
	inactiveAnswer = &introspect.Introspection{}
	// knownToken stands for the answer about a good token that is not remembered.
	knownToken = &introspect.Introspection{}
)

// find returns what is remembered about key and not older than need allows, or nil. The wall
// clock's exp is for the decision to check; here an entry only has to be within its time.
func (c *caching) find(key memcache.Key, need Requirement, at time.Duration) *introspect.Introspection {
	if need.fresh && need.maxAge == 0 {
		return nil
	}
	if in, ok := c.active.Get(key, at); ok && need.recent(at-in.Asked) {
		return in
	}
	if asked, ok := c.inactive.Get(key, at); ok && need.recent(at-asked) {
		return inactiveAnswer
	}
	return nil
}

func (r *Requirement) recent(age time.Duration) bool { return !r.fresh || age <= r.maxAge }

// fetch asks the server, or joins a call about key that is fresh enough for need. It waits no
// longer than ctx; the call itself is bounded by the flights' own timeout.
func (c *caching) fetch(ctx context.Context, key memcache.Key, token string, need Requirement) (*introspect.Introspection, error) {
	values := detach.Values(ctx) // the call may outlive the request
	defer values.End()
	var notBefore time.Time
	if need.fresh {
		notBefore = time.Now().Add(-need.maxAge)
	}
	var wait context.Context = values
	for begun := time.Now(); ; {
		in, shared, err := c.flights.Do(wait, key, notBefore, func(ctx context.Context, sent func()) (*introspect.Introspection, error) {
			if in := c.find(key, need, time.Since(c.epoch)); in != nil { // another flight landed after the caller had looked
				return in, nil
			}
			in, err := c.question(ctx, introspect.Question{Credentials: token, Known: c.active.Held(key), Sent: sent})
			if in != nil {
				in.Key = key
			}
			return in, err
		})
		if _, ok := errors.AsType[*backgroundError](err); ok { // a caller may be admitted where that call was not
			var cancel context.CancelFunc
			wait, cancel = context.WithDeadline(values, begun.Add(c.flights.Timeout))
			defer cancel()
			continue
		}
		if err == nil && shared && need.fresh && in.Asked < notBefore.Sub(c.epoch) {
			continue // a flight that was young enough brought a remembered answer that is not
		}
		return in, err
	}
}

// ready asks about a token that cannot exist, each time.
//
// Key must be one that no token has: a stranger's call must not be joined.
func (c *caching) ready(ctx context.Context, key memcache.Key) error {
	_, _, err := c.flights.Do(ctx, key, time.Now(), func(ctx context.Context, sent func()) (*introspect.Introspection, error) {
		return c.question(ctx, introspect.Question{Credentials: introspect.Probe, Known: true, IsProbe: true, Sent: sent})
	})
	return err
}

// question asks, and notes when the question was sent: an answer is as old as that.
func (c *caching) question(ctx context.Context, q introspect.Question) (*introspect.Introspection, error) {
	asked, sent := time.Duration(-1), q.Sent
	q.Sent = func() {
		if asked < 0 { // a repetition makes an answer no younger
			asked = time.Since(c.epoch)
		}
		sent()
	}
	in, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	in.Asked = asked
	return in, nil
}

// keep remembers an answer for min(exp - now, TTL, what the answer allows), counted from when it
// was asked for. The flights call it, one answer at a time, and not for what was forgotten
// meanwhile. A good token whose time here is over stays known: while strangers push, it is asked
// about before theirs.
func (c *caching) keep(key memcache.Key, in *introspect.Introspection) {
	now := time.Now()
	at := now.Sub(c.epoch)
	if !in.Active {
		c.active.Delete(key)
		if until := in.Asked + c.negativeTTL; until > at {
			c.inactive.Set(key, in.Asked, at, until)
		}
		return
	}
	c.inactive.Delete(key)
	ttl := c.remembered(in)
	until, ended := in.Asked+ttl, false
	if in.Expires != 0 {
		left := in.Expires.Time().Sub(now)
		ended = left <= 0
		if left < until-at { // no sum: left may be as long as a Duration can be
			until = at + left
		}
	}
	switch {
	case until > at:
		if until == in.Asked+ttl { // asking again would not prolong a token that ends first
			in.AskAgain(until - ttl/backgroundPart)
		}
		c.active.Set(key, in, at, until)
	case ended:
		c.active.Delete(key)
	default:
		c.active.Hold(key, knownToken, at)
	}
}

// remembered is how long the answer may be remembered, whenever the token ends.
func (c *caching) remembered(in *introspect.Introspection) time.Duration {
	if in.KeepFor == 0 {
		return c.ttl
	}
	return min(c.ttl, max(in.KeepFor, 0))
}

// forget drops what is remembered about key, and what a call under way is about to bring.
func (c *caching) forget(key memcache.Key) {
	c.flights.Forget(key, func() {
		c.active.Delete(key)
		c.inactive.Delete(key)
	})
}
