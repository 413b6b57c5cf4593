package main

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// settings say how much to measure.
type settings struct {
	rounds int
	short  bool // a smoke test: every line runs, no number means anything
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
	run  func(n int) // does it n times
}

// In a round each contender gets its time in so many pieces, taken in turn, so that what else happens on the machine meets
// all of them alike.
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

// calibrate finds how many times c does its thing in d, which also warms it up. It takes the best of a few tries: one that was
// interrupted would leave a batch so small that its fixed costs are all that is measured.
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

// stopwatch returns the time and the CPU time of this process that f takes.
func stopwatch(f func()) (wall, cpu time.Duration) {
	used, begun := processTime(), time.Now()
	f()
	return time.Since(begun), processTime() - used
}

// processTime is the CPU time, user and system, that this process has used.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// laps are nanoseconds for one time: of each contender, of each round.
type laps struct{ wall, cpu [][]float64 }

func (l *laps) ns(i int) float64    { return median(l.wall[i]) }
func (l *laps) cpuNS(i int) float64 { return median(l.cpu[i]) }

// over is how many times as long as the base contender i takes: within each round, then the median of them. Above is how
// many nanoseconds more.
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

// share runs f in g goroutines that do n times between them, and waits for them.
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

// heapInUse is the number of bytes in use after garbage was collected.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what the first one only made collectable: finalizers, pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
