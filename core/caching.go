package core

import (
	"context"
	"time"

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
	ask         func(context.Context, question) (*introspection, error)
	epoch       time.Time
	ttl         time.Duration
	negativeTTL time.Duration
	active      *memcache.Cache[*introspection]
	inactive    *memcache.Cache[time.Duration] // when it was asked for, since epoch
	flights     flight.Group[memcache.Key, *introspection]
}

// longestTTL keeps sums of times within what a Duration holds.
const longestTTL = 365 * 24 * time.Hour

var (
	// inactiveAnswer stands for all inactive answers: they say nothing else.
	inactiveAnswer = &introspection{}
	// knownToken stands for the answer about a good token that is not remembered.
	knownToken = &introspection{}
)

// find returns what is remembered about key and not older than need allows, or nil. The wall
// clock's exp is for the decision to check; here an entry only has to be within its time.
func (c *caching) find(key memcache.Key, need Requirement, at time.Duration) *introspection {
	if need.fresh && need.maxAge == 0 {
		return nil
	}
	if in, ok := c.active.Get(key, at); ok && need.recent(at-in.asked) {
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
func (c *caching) fetch(ctx context.Context, key memcache.Key, token string, need Requirement) (*introspection, error) {
	var notBefore time.Time
	if need.fresh {
		notBefore = time.Now().Add(-need.maxAge)
	}
	for {
		in, shared, err := c.flights.Do(ctx, key, notBefore, func(ctx context.Context, sent func()) (*introspection, error) {
			if in := c.find(key, need, time.Since(c.epoch)); in != nil { // another flight landed after the caller had looked
				return in, nil
			}
			return c.question(ctx, question{token: token, known: c.active.Held(key), sent: sent})
		})
		if err == nil && shared && need.fresh && in.asked < notBefore.Sub(c.epoch) {
			continue // a flight that was young enough brought a remembered answer that is not
		}
		return in, err
	}
}

// ready asks about a token that cannot exist, each time.
//
// Key must be one that no token has: a stranger's call must not be joined.
func (c *caching) ready(ctx context.Context, key memcache.Key) error {
	_, _, err := c.flights.Do(ctx, key, time.Now(), func(ctx context.Context, sent func()) (*introspection, error) {
		return c.question(ctx, question{token: nobody, known: true, ours: true, sent: sent})
	})
	return err
}

// question asks, and notes when the question was sent: an answer is as old as that.
func (c *caching) question(ctx context.Context, q question) (*introspection, error) {
	asked, sent := time.Duration(-1), q.sent
	q.sent = func() {
		if asked < 0 { // a repetition makes an answer no younger
			asked = time.Since(c.epoch)
		}
		sent()
	}
	in, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	in.asked = asked
	return in, nil
}

// keep remembers an answer for min(exp - now, TTL), counted from when it was asked for. The flights
// call it, one answer at a time, and not for what was forgotten meanwhile. A good token whose time
// here is over stays known: while strangers push, it is asked about before theirs.
func (c *caching) keep(key memcache.Key, in *introspection) {
	now := time.Now()
	at := now.Sub(c.epoch)
	if !in.active {
		c.active.Delete(key)
		if until := in.asked + c.negativeTTL; until > at {
			c.inactive.Set(key, in.asked, at, until)
		}
		return
	}
	c.inactive.Delete(key)
	until, ended := in.asked+c.ttl, false
	if in.expires != 0 {
		left := in.expires.time().Sub(now)
		ended = left <= 0
		if left < until-at { // no sum: left may be as long as a Duration can be
			until = at + left
		}
	}
	switch {
	case until > at:
		c.active.Set(key, in, at, until)
	case ended:
		c.active.Delete(key)
	default:
		c.active.Hold(key, knownToken, at)
	}
}

// forget drops what is remembered about key, and what a call under way is about to bring.
func (c *caching) forget(key memcache.Key) {
	c.flights.Forget(key, func() {
		c.active.Delete(key)
		c.inactive.Delete(key)
	})
}
