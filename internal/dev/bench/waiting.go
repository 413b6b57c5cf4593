package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// measureWaiting has thousands of requests wait for a slot, because the server does not answer, and
// measures their memory. Refused requests end.
func measureWaiting(s settings) ([]target, error) {
	const most = 50 << 20
	n := of(s, 20_000, 500)
	v, err := under(s, func(token string) ruling { return ruling{silent: token[:1] == newToken, body: inactiveAnswer} })
	if err != nil {
		return nil, err
	}
	var before, refused tally
	weigh(s, n, func(i int) { before.check(v, numbered(garbageToken, i%64, signedSize), requirement) }, func() {}) // descriptors of goroutines stay
	var atOnce, waiting int
	total := weigh(s, n, func(i int) { refused.check(v, numbered(newToken, i, signedSize), requirement) }, func() {
		atOnce = refused.of(unavailable)
		waiting = n - refused.all()
	})
	return []target{{
		what:    fmt.Sprintf("%s callers come while no slot gets free: memory of those who wait", count(float64(n))),
		found:   fmt.Sprintf("%s; %s wait, %s refused at once", mebibytes(total), count(float64(waiting)), count(float64(atOnce))),
		want:    "≤ 50.0 MiB, a bound on those who wait",
		reached: total <= most && atOnce > 0 && waiting+atOnce == n,
	}}, nil
}

// weigh starts n goroutines that run f. Half a second later it calls observe and returns the
// memory, heap and stacks, of those that still run.
func weigh(s settings, n int, f func(i int), observe func()) float64 {
	before := inUse()
	var begun atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			begun.Add(1)
			f(i)
		})
	}
	for begun.Load() < int64(n) {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(of(s, 500*time.Millisecond, moment))
	observe()
	grown := inUse() - before
	wg.Wait()
	return float64(grown)
}

// inUse returns the bytes of the heap and the stacks after a garbage collection.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
