package main

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// traffic is what the load of an authorization server depends on. Each user has one token at a
// time and sends independent requests (a Poisson process), each to a replica chosen at random.
// Each replica has a cache of its own.
type traffic struct {
	users    float64
	replicas float64       // over which the requests of one user are spread; 1 if they stick to one
	rate     float64       // requests per second of one user
	ttl      time.Duration // core.Config.CacheTTL
	lifetime time.Duration // of a token; then the user has a new one
}

// calls returns how many introspections a second the server gets.
//
// One replica sees the requests with one token as a Poisson process of rate µ = rate/replicas. It
// asks the server at the first request, then not for four fifths of the TTL, then at the next
// request, in the background or not, and so on. It does not ask again if the TTL would end after
// the token. The kth call about a token comes at (k-1)*4/5*TTL plus a sum of k exponential waits.
// So it comes if at least k-1 requests fall into x = L-TTL-(k-2)*4/5*TTL, the lifetime L without
// the times in which none asks, and k into x+TTL/5. The sum of these probabilities over k is the
// number of calls per token and replica. The rate is that number times users*replicas/lifetime.
func (t traffic) calls() float64 {
	µ, life := t.rate/t.replicas, t.lifetime.Seconds()
	if t.ttl == 0 {
		return t.users * t.rate
	}
	ttl := t.ttl.Seconds()
	next := 1 - math.Exp(-µ*(1-quiet)*ttl) // a request comes in the last fifth
	questions := atLeast(1, µ*life)
	for k := 2; ; k++ {
		x := life - ttl - float64(k-2)*quiet*ttl
		if x <= 0 {
			return t.users * t.replicas * questions / life
		}
		before, all := atLeast(k-1, µ*x), atLeast(k, µ*x)
		if questions += all + (before-all)*next; before < 1e-12 {
			return t.users * t.replicas * questions / life
		}
	}
}

// quiet is the part of the TTL in which no request has the server asked.
const quiet = 0.8

// atLeast returns the probability that a Poisson variable of that mean is k or more.
func atLeast(k int, mean float64) float64 {
	below := 0.0
	for j := range k {
		logGamma, _ := math.Lgamma(float64(j + 1))
		below += math.Exp(float64(j)*math.Log(mean) - mean - logGamma)
	}
	return max(0, 1-below)
}

// rule is an approximation of calls for a pocket calculator, for tokens that live much longer
// than the TTL.
func (t traffic) rule() float64 {
	return t.users * t.rate / (1 + quiet*t.rate*t.ttl.Seconds()/t.replicas)
}

// simulate counts the calls that the server gets from that many users in that time, request by
// request.
func (t traffic) simulate(span time.Duration, seed uint64) float64 {
	random := rand.New(rand.NewPCG(seed, seed))
	wait := func() float64 { return random.ExpFloat64() / t.rate }
	life, ttl, end := t.lifetime.Seconds(), t.ttl.Seconds(), span.Seconds()

	type place struct{ user, replica int }
	quietUntil := map[place]float64{}
	tokenEnds := make([]float64, int(t.users))
	next := make(agenda, int(t.users))
	for user := range next {
		next[user] = event{wait(), user}
		tokenEnds[user] = random.Float64() * life // in the middle of its life
	}
	heap.Init(&next)
	asked, from := 0, life // leave out the beginning, when every cache is empty
	for next[0].at < from+end {
		now, user := next[0].at, next[0].user
		next[0].at += wait()
		heap.Fix(&next, 0)
		for now >= tokenEnds[user] {
			tokenEnds[user] += life
		}
		p := place{user, random.IntN(int(t.replicas))}
		if now < quietUntil[p] {
			continue
		}
		quietUntil[p] = tokenEnds[user]
		if now+ttl <= tokenEnds[user] {
			quietUntil[p] = now + quiet*ttl
		}
		if now >= from {
			asked++
		}
	}
	return float64(asked) / end
}

type event struct {
	at   float64
	user int
}

// agenda is a heap of events, the next one first.
type agenda []event

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	*a = (*a)[:last]
	return e
}

// ownTokenCalls returns how often a second the replicas fetch tokens of their own. Each renews its
// token when a fifth of the lifetime is left, at most five minutes.
func ownTokenCalls(replicas float64, lifetime time.Duration) float64 {
	return replicas / (lifetime - min(lifetime/5, 5*time.Minute)).Seconds()
}

// remembered returns how many live entries the cache of each replica has.
func (t traffic) remembered(fleet float64) float64 {
	µ, ttl := t.rate/t.replicas, t.ttl.Seconds()
	live := quiet*ttl + (1-math.Exp(-µ*(1-quiet)*ttl))/µ
	return t.users * t.replicas / fleet * live / (quiet*ttl + 1/µ)
}

// scenarios are small enough to simulate; calls grow in proportion to the users.
var scenarios = []traffic{
	{1000, 1, 1. / 10, time.Minute, time.Hour},
	{1000, 10, 1. / 10, time.Minute, time.Hour},
	{1000, 100, 1. / 10, time.Minute, time.Hour},
	{1000, 10, 1. / 10, 10 * time.Minute, time.Hour},
	{1000, 10, 1, time.Minute, 10 * time.Minute},
	{1000, 4, 1. / 60, time.Minute, time.Hour},
	{1000, 3, 1. / 30, 2 * time.Minute, 5 * time.Minute},
}

// A hundred million users and 10 000 replicas.
const fleet = 10_000

var large = []traffic{
	{1e8, fleet, 1. / 60, time.Minute, time.Hour},
	{1e8, 10, 1. / 60, time.Minute, time.Hour},
	{1e8, 1, 1. / 60, time.Minute, time.Hour},
	{1e8, 1, 1. / 60, 10 * time.Minute, time.Hour},
	{1e8, 1, 1. / 10, time.Minute, time.Hour},
	{1e8, 1, 1. / 10, 10 * time.Minute, time.Hour},
}

func measureScale(s settings) (*result, error) {
	r := newResult("users, replicas a user, requests a second a user, TTL, token lifetime", "formula", "simulated", "rule of thumb", "of all requests")
	span := of(s, time.Hour, 5*time.Minute)
	for i, t := range append(scenarios, large...) {
		simulated := "–"
		if i < len(scenarios) {
			simulated = perSecond(t.simulate(span, 1))
		}
		r.row(t.String(), perSecond(t.calls()), simulated, perSecond(t.rule()), percent(t.calls()/(t.users*t.rate)))
	}
	r.note("Rule of thumb: calls = U λ / (1 + 0.8 λ T / R), with U users of λ requests a second each, spread over R replicas, and a TTL of T." +
		" It ignores that tokens end. Never more than U λ, nor U R / 0.8 T.")
	r.note("%s replicas fetch %.1f tokens of their own a second, if these live for an hour. In a fleet of that size, with users that stick to one"+
		" replica, a request a minute and a TTL of a minute, each replica remembers %s answers at a time.",
		count(fleet), ownTokenCalls(fleet, time.Hour), count(large[2].remembered(fleet)))
	return r, nil
}

func (t traffic) String() string {
	return fmt.Sprintf("%s, %s, 1/%.3g, %s, %s", count(t.users), count(t.replicas), 1/t.rate, short(t.ttl), short(t.lifetime))
}

func perSecond(v float64) string {
	if v >= 1000 {
		return count(v) + "/s"
	}
	return fmt.Sprintf("%.2f/s", v)
}

// short formats whole hours, and other times in minutes.
func short(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}
