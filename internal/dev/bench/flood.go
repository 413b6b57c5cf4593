package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	gocache "github.com/patrickmn/go-cache"

	"github.com/mfpguard/mfpguard/core"
)

const (
	flooders   = 256
	goodTokens = 1000
	opaqueSize = 40
	inFlight   = 64 // the default of core.Config.MaxInFlight, before it grows
)

// flooding is the result of a flood.
type flooding struct {
	garbage, good  int64 // requests
	goodMisses     int64 // of those about good tokens
	refusedGood    int64
	garbageCalls   int64
	highest        int64 // calls in flight
	grown          int64 // heap
	perGarbageTime time.Duration
}

// flood sends n unique garbage tokens from many goroutines, and as many requests with good tokens
// between them. The server is slow, so that calls pile up.
func flood(n int, pause time.Duration) (f flooding, err error) {
	server := &stub{}
	v, err := verifier(server, func(c *core.Config) {
		c.CacheTTL = new(time.Hour) // so that a good answer is lost by displacement only
		c.MaxInFlight = inFlight    // and no more than that
	})
	if err != nil {
		return f, err
	}
	guard := guardFor(v, requirement)
	good := make([]string, goodTokens)
	for i := range good {
		good[i] = "Bearer " + numbered(goodToken, i, opaqueSize)
		guard.Authorize(context.Background(), core.Request{Authorization: []string{good[i]}})
	}
	server.pause = func(context.Context, bool) error {
		time.Sleep(pause)
		return nil
	}
	before, begun := heapInUse(), time.Now()
	var next, refused atomic.Int64
	var wg sync.WaitGroup
	for range flooders {
		wg.Go(func() {
			ctx := context.Background()
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				guard.Authorize(ctx, present(numbered(garbageToken, int(i), opaqueSize)))
				if _, denial := guard.Authorize(ctx, core.Request{Authorization: []string{good[i%goodTokens]}}); denial != nil {
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(begun)
	f = flooding{
		garbage: int64(n), good: int64(n), refusedGood: refused.Load(),
		goodMisses:   server.aboutGood.Load() - goodTokens,
		garbageCalls: server.introspections.Load() - server.aboutGood.Load(),
		highest:      server.highest.Load(), perGarbageTime: took / time.Duration(n),
		grown: heapInUse() - before,
	}
	guard.Authorize(context.Background(), core.Request{Authorization: []string{good[0]}}) // v is in use until here
	return f, nil
}

// unbounded is the heap of n remembered refusals in a go-cache.
func unbounded(n int) (float64, error) {
	total, err := growth(1, func() (any, error) {
		c := gocache.New(time.Hour, 0)
		for i := range n {
			c.Set(numbered(garbageToken, i, opaqueSize), false, time.Hour)
		}
		return c, nil
	})
	return total, err
}

func measureFlood(s settings) (*result, error) {
	n := of(s, 1_000_000, 20_000)
	f, err := flood(n, of(s, 100*time.Microsecond, 2*time.Millisecond))
	if err != nil {
		return nil, err
	}
	without, err := unbounded(n)
	if err != nil {
		return nil, err
	}
	hits := 1 - float64(f.goodMisses)/float64(f.good)
	r := newResult("what", "found")
	r.row("unique garbage tokens", count(float64(f.garbage)))
	r.row("requests with one of 1 000 good tokens meanwhile", count(float64(f.good)))
	r.row("of them answered from memory", percent(hits))
	r.row("of them refused", count(float64(f.refusedGood)))
	r.row("calls to the server about garbage", count(float64(f.garbageCalls)))
	r.row("most calls in flight at once", count(float64(f.highest)))
	r.row("heap that the flood has added", mebibytes(float64(f.grown)))
	r.row("the same in an unbounded go-cache of verdicts", mebibytes(without))
	r.row("time for a garbage and a good one (all cores)", ns(float64(f.perGarbageTime)))
	r.facts["hits"], r.facts["highest"], r.facts["grown"] = hits, float64(f.highest), float64(f.grown)
	r.facts["refused"], r.facts["calls"] = float64(f.refusedGood), float64(f.garbageCalls)
	r.atLeast("flood of garbage: good tokens answered from memory", hits, 0.999, percent)
	r.atMost("flood of garbage: calls in flight", float64(f.highest), inFlight, count)
	r.atMost("flood of garbage: heap added (8 192 inactive answers)", float64(f.grown), floodBound, mebibytes)
	return r, nil
}

// floodBound is how much a flood may add to the heap: 8 192 inactive answers of 200 bytes, which is
// the target, and room for the goroutines and buffers that it leaves behind.
const floodBound = 8192*200 + 4<<20

func mebibytes(v float64) string { return fmt.Sprintf("%.1f MiB", v/(1<<20)) }
