package main

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// settings tell how much to measure.
type settings struct {
	rounds int
	short  bool // a smoke test: every line runs, the numbers mean nothing
}

// of returns full, or brief in a smoke test.
func of[T any](s settings, full, brief T) T {
	if s.short {
		return brief
	}
	return full
}

// A contender is one way to do what a section measures.
type contender struct {
	name string
	run  func(n int) // n times
}

// In a round each contender gets its time in that many pieces, in turn, so that other load on the
// machine affects all contenders alike.
const pieces = 5

// race times the contenders side by side for s.rounds rounds.
func race(s settings, contenders ...contender) *laps {
	return raceFor(s, 4*time.Millisecond, contenders...)
}

// raceFor is race with pieces of a given length.
func raceFor(s settings, piece time.Duration, contenders ...contender) *laps {
	if s.short {
		piece = 100 * time.Microsecond
	}
	l := &laps{wall: make([][]float64, len(contenders)), cpu: make([][]float64, len(contenders))}
	batch := make([]int, len(contenders))
	for i, c := range contenders {
		batch[i] = calibrate(c, piece)
	}
	runtime.GC()
	for round := range s.rounds {
		wall := make([]time.Duration, len(contenders))
		cpu := make([]time.Duration, len(contenders))
		for range pieces {
			for turn := range contenders {
				i := (turn + round) % len(contenders)
				w, c := stopwatch(func() { contenders[i].run(batch[i]) })
				wall[i] += w
				cpu[i] += c
			}
		}
		for i, n := range batch {
			l.wall[i] = append(l.wall[i], float64(wall[i])/float64(pieces*n))
			l.cpu[i] = append(l.cpu[i], float64(cpu[i])/float64(pieces*n))
		}
	}
	return l
}

// calibrate returns how many times c runs in d, and warms c up. It takes the best of a few tries:
// after a try that was interrupted, the batch would be so small that only its fixed costs are
// measured.
func calibrate(c contender, d time.Duration) int {
	for n := 1; ; n *= 2 {
		best := time.Duration(math.MaxInt64)
		for range 3 {
			took, _ := stopwatch(func() { c.run(n) })
			best = min(best, took)
		}
		if best >= d/2 {
			return max(1, int(float64(n)*float64(d)/float64(best)))
		}
	}
}

// stopwatch returns the time that f takes, and the CPU time of this process meanwhile.
func stopwatch(f func()) (wall, cpu time.Duration) {
	used, begun := processTime(), time.Now()
	f()
	return time.Since(begun), processTime() - used
}

// processTime returns the CPU time, user and system, that this process has used.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// laps are the nanoseconds of one run, by contender and round.
type laps struct{ wall, cpu [][]float64 }

func (l *laps) ns(i int) float64    { return median(l.wall[i]) }
func (l *laps) cpuNS(i int) float64 { return median(l.cpu[i]) }

// over returns the ratio of contender i to the base contender: the median of the ratios of all
// rounds. Above returns the difference in nanoseconds instead.
func (l *laps) over(i, base int) float64     { return quotient(l.wall[i], l.wall[base]) }
func (l *laps) cpuOver(i, base int) float64  { return quotient(l.cpu[i], l.cpu[base]) }
func (l *laps) above(i, base int) float64    { return difference(l.wall[i], l.wall[base]) }
func (l *laps) cpuAbove(i, base int) float64 { return difference(l.cpu[i], l.cpu[base]) }

func quotient(a, b []float64) float64 {
	return median(combine(a, b, func(a, b float64) float64 { return a / b }))
}

func difference(a, b []float64) float64 {
	return median(combine(a, b, func(a, b float64) float64 { return a - b }))
}

func combine(a, b []float64, f func(a, b float64) float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = f(a[i], b[i])
	}
	return out
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// quantile returns the value that a share q of v does not exceed. It sorts v.
func quantile(v []time.Duration, q float64) time.Duration {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[min(int(q*float64(len(v))), len(v)-1)]
}

// share runs f in g goroutines that share n runs, and waits for them.
func share(g, n int, f func(worker, n int)) {
	if g = min(g, n); g <= 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for worker := range g {
		wg.Go(func() { f(worker, (n+g-1-worker)/g) })
	}
	wg.Wait()
}

// heapInUse returns the bytes in use after a garbage collection.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // for what the first one only made collectable: finalizers, pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
