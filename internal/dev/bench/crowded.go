package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// busyLatency is how long the crowded server takes for an answer.
const busyLatency = 50 * time.Millisecond

// measureGarbageRate sends more unique garbage than the slots can take. At the same time come users
// whose entry has expired, and new users.
func measureGarbageRate(s settings) ([]target, error) {
	var found []target
	for _, rate := range of(s, []float64{2000, 4000}, []float64{400}) {
		known, fresh, err := garbageRate(rate, of(s, 8*time.Second, 500*time.Millisecond))
		if err != nil {
			return nil, err
		}
		p99 := known.quantile(0.99)
		// A quarter of the slots may be kept for known tokens; the others are for all.
		fair := min(1, 0.75*inFlight/busyLatency.Seconds()/(rate+newcomers))
		in := fresh.share(http.StatusOK)
		found = append(found,
			target{
				what:    fmt.Sprintf("%s unique garbage tokens/s, server %v: known users whose entry had ended", count(rate), busyLatency),
				found:   fmt.Sprintf("%s refused, p99 %s", percent(known.refused()), rough(p99)),
				want:    "≤ 1 % refused, p99 ≤ 150 ms",
				reached: known.refused() <= 0.01 && p99 <= 150*time.Millisecond,
			},
			target{
				what:    fmt.Sprintf("%s unique garbage tokens/s, server %v: new good tokens that got in", count(rate), busyLatency),
				found:   percent(in),
				want:    fmt.Sprintf("≥ %.0f %%, nine tenths of their share of 48 slots", 90*fair),
				reached: in >= 0.9*fair,
			})
	}
	return found, nil
}

// known users come back when their entry has expired; newcomers is how many new users come a
// second.
const (
	knownUsers = 100
	newcomers  = 50
	shortTTL   = time.Second
)

func garbageRate(rate float64, d time.Duration) (known, fresh *tally, err error) {
	v, err := verifier(&authority{rule: lawful(busyLatency)}, func(c *core.Config) { c.CacheTTL = new(shortTTL) })
	if err != nil {
		return nil, nil, err
	}
	var warm tally
	share(inFlight/2, knownUsers, func(worker, n int) {
		for i := range n {
			warm.check(v, numbered(goodToken, worker+i*inFlight/2, opaqueSize), requirement)
		}
	})
	if got := warm.of(http.StatusOK); got != knownUsers {
		return nil, nil, fmt.Errorf("%d of %d users got in before the garbage came", got, knownUsers)
	}
	time.Sleep(shortTTL)
	known, fresh = &tally{}, &tally{}
	var garbage tally
	together(
		func() {
			pace(rate, d, func(i int) { garbage.check(v, numbered(garbageToken, i, opaqueSize), requirement) })
		},
		func() { // each of them every two seconds
			pace(knownUsers/(2*shortTTL.Seconds()), d, func(i int) {
				known.check(v, numbered(goodToken, i%knownUsers, opaqueSize), requirement)
			})
		},
		func() {
			pace(newcomers, d, func(i int) { fresh.check(v, numbered(newToken, i, opaqueSize), requirement) })
		},
	)
	return known, fresh, nil
}

// measureGarbageCrowd has many clients send unique garbage. Each sends the next token when the
// last one was answered. At the same time come 25 new users a second. It compares us with the
// token cache of Kubernetes, which asks about all tokens at once.
func measureGarbageCrowd(s settings) ([]target, error) {
	var found []target
	for _, c := range []struct {
		clients int
		latest  time.Duration
	}{{500, 2 * busyLatency}, {3000, 5 * busyLatency}} {
		v, err := under(s, lawful(busyLatency))
		if err != nil {
			return nil, err
		}
		clients, d := of(s, c.clients, c.clients/10), of(s, 4*time.Second, 500*time.Millisecond)
		users := garbageCrowd(clients, d, func(t *tally, token string) int { return t.check(v, token, requirement) })
		theirs := newKubernetes(&authority{rule: lawful(busyLatency)})
		peers := garbageCrowd(clients, d, theirs.check)
		found = append(found, target{
			what: fmt.Sprintf("%s clients send garbage, server %v: new users, 25 a second (Kubernetes' token cache: p50 %s, %d calls at once)",
				count(float64(clients)), busyLatency, rough(peers.quantile(0.5)), theirs.highest.Load()),
			found:   fmt.Sprintf("p50 %s, %d of %d refused", rough(users.quantile(0.5)), users.of(unavailable), users.all()),
			want:    fmt.Sprintf("p50 ≤ %v, 0 refused", c.latest),
			reached: users.quantile(0.5) <= c.latest && users.of(http.StatusOK) == users.all(),
		})
	}
	return found, nil
}

// comeback is how long a refused client waits before it sends the next token.
const comeback = 200 * time.Millisecond

func garbageCrowd(clients int, d time.Duration, check func(t *tally, token string) int) *tally {
	ctx, stop := context.WithTimeout(context.Background(), d)
	defer stop()
	var garbage, users tally
	var next atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for ctx.Err() == nil {
				if check(&garbage, numbered(garbageToken, int(next.Add(1)), opaqueSize)) == unavailable {
					_ = linger(ctx, comeback)
				}
			}
		})
	}
	pace(25, d, func(i int) { check(&users, numbered(newToken, i, opaqueSize)) })
	wg.Wait()
	return &users
}
