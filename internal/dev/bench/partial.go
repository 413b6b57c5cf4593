package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// measurePartial makes a share of all introspections fail, at several rates of callers. Each
// caller has a token of its own.
func measurePartial(s settings) ([]target, error) {
	shares := []float64{0.1, 0.2, 0.3}
	rates := of(s, []float64{50, 300, 1000, 3000}, []float64{50, 300})
	beyond := make([][]float64, len(shares)) // by share, then by rate
	for _, rate := range rates {
		errs := make([]error, len(shares))
		var wg sync.WaitGroup
		for i, share := range shares {
			wg.Go(func() {
				var b float64
				b, errs[i] = failing(s, share, rate, of(s, 12*time.Second, 500*time.Millisecond))
				beyond[i] = append(beyond[i], b)
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return nil, err
			}
		}
	}
	var found []target
	for i, share := range shares {
		var all, at []string
		reached := true
		for j, b := range beyond[i] {
			all, at = append(all, fmt.Sprintf("%.1f", 100*b)), append(at, count(rates[j]))
			reached = reached && b <= 0.01
		}
		found = append(found, target{
			what:    fmt.Sprintf("%.0f %% of introspections fail, %s calls/s: refused beyond those", 100*share, strings.Join(at, " / ")),
			found:   strings.Join(all, " / ") + " %",
			want:    "≤ 1 % each",
			reached: reached,
		})
	}
	return found, nil
}

// failing returns the share of callers who were refused although the server did not fail the last
// call about their token.
func failing(s settings, share, rate float64, d time.Duration) (beyond float64, err error) {
	const latency = 5 * time.Millisecond // 3 000 calls/s are 15 in flight
	var mu sync.Mutex
	failed := map[string]bool{} // whether the last call about a token did
	good := lawful(latency)
	v, err := under(s, func(token string) ruling {
		fails := rand.Float64() < share
		mu.Lock()
		failed[token] = fails
		mu.Unlock()
		if fails {
			return ruling{status: 500, body: `{}`, after: latency}
		}
		return good(token)
	})
	if err != nil {
		return 0, err
	}
	var callers, spared tally
	pace(rate, d, func(i int) {
		token := numbered(newToken, i, opaqueSize)
		status := callers.check(v, token, requirement)
		mu.Lock()
		defer mu.Unlock()
		if status != http.StatusOK && !failed[token] {
			spared.add(status, 0)
		}
	})
	return float64(spared.all()) / float64(callers.all()), nil
}

// measureSlow asks a slow server, with a few callers that wait long enough.
func measureSlow(s settings) ([]target, error) {
	var found []target
	for _, after := range []time.Duration{3 * time.Second, 4500 * time.Millisecond} {
		v, err := under(s, lawful(of(s, after+usualLatency, usualLatency)))
		if err != nil {
			return nil, err
		}
		var callers tally
		const n = 5
		share(n, n, func(worker, _ int) { callers.check(v, numbered(newToken, worker, opaqueSize), requirement) })
		found = append(found, target{
			what:    fmt.Sprintf("the server answers after %v, Timeout 5s: users let in", after),
			found:   fmt.Sprintf("%d of %d", callers.of(http.StatusOK), n),
			want:    "all",
			reached: callers.of(http.StatusOK) == n,
		})
	}
	return found, nil
}
