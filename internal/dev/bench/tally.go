package main

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// A tally counts answers by their status and keeps how long they took. The zero tally is empty. It
// is safe for concurrent use.
type tally struct {
	mu     sync.Mutex
	status map[int]int
	took   []time.Duration
}

func (t *tally) add(status int, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == nil {
		t.status = map[int]int{}
	}
	t.status[status]++
	t.took = append(t.took, took)
}

// check presents a token to v and adds the result.
func (t *tally) check(v *core.Verifier, token string, need core.Requirement) (status int) {
	begun, status := time.Now(), http.StatusOK
	if _, denial := guardFor(v, need).Authorize(context.Background(), present(token)); denial != nil {
		status = denial.Status
	}
	t.add(status, time.Since(begun))
	return status
}

func (t *tally) of(status int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status[status]
}

func (t *tally) all() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.took)
}

// share returns the share of all answers that had that status, from 0 to 1.
func (t *tally) share(status int) float64 { return float64(t.of(status)) / float64(max(t.all(), 1)) }

// refused returns the share of requests that got no answer about their token.
func (t *tally) refused() float64 { return t.share(http.StatusServiceUnavailable) }

func (t *tally) quantile(q float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return quantile(slices.Clone(t.took), q)
}

// pace starts f that many times a second for d, and waits for all. Each runs in a goroutine of
// its own and starts on time, even if others are late.
func pace(rate float64, d time.Duration, f func(i int)) {
	var wg sync.WaitGroup
	begun := time.Now()
	for i := range int(rate * d.Seconds()) {
		time.Sleep(time.Until(begun.Add(time.Duration(float64(i) / rate * float64(time.Second)))))
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// together runs all functions at once and waits for them.
func together(all ...func()) {
	var wg sync.WaitGroup
	for _, f := range all {
		wg.Go(f)
	}
	wg.Wait()
}
