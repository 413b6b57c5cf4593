package memcache_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/memcache"
)

// itself is the cost of values that are their own cost.
func itself(n int) int { return n }

// An entry takes this much besides its value.
var besides = func() int {
	c := memcache.New(1, 1<<20, itself)
	c.Set(key(0), 0, 0, 1)
	return int(c.Bytes())
}()

// AV-13: whatever is stored, and in whatever order, takes no more than the bound.
func TestBytesNeverPassTheBound(t *testing.T) {
	for _, capacity := range []int{10, 1000, 10_000} {
		for _, bytes := range []int{1 << 10, 64 << 10, 1 << 20} {
			t.Run(fmt.Sprint(capacity, " entries, ", bytes, " bytes"), func(t *testing.T) {
				c := memcache.New(capacity, bytes, itself)
				for n := range 20_000 {
					k, size := key(rand.Uint64N(5000)), rand.IntN(1<<rand.IntN(18))
					switch op := rand.IntN(10); {
					case op < 6:
						c.Set(k, size, 0, time.Hour)
					case op < 7:
						c.Hold(k, size, 0)
					case op < 9:
						if v, ok := c.Get(k, 0); ok && v >= bytes {
							t.Fatalf("a value of %d bytes is held in %d", v, bytes)
						}
					default:
						c.Delete(k)
					}
					if n%100 == 0 && (c.Bytes() > int64(bytes) || c.Len() > capacity || c.Bytes() < int64(c.Len()*besides)) {
						t.Fatalf("%d entries of %d bytes, want at most %d of %d", c.Len(), c.Bytes(), capacity, bytes)
					}
				}
			})
		}
	}
}

// AV-13: entries make room for a dear one, oldest unused first, and no more of them than needed.
func TestADearEntryDisplacesTheOldestUnused(t *testing.T) {
	c := memcache.New(60, 10*(besides+100), itself) // one shard, with room for ten
	for i := range 10 {
		c.Set(key(uint64(i)), 100, 0, time.Hour)
	}
	for _, i := range []int{0, 3} {
		c.Get(key(uint64(i)), 0)
	}
	c.Set(key(10), 3*(besides+100)-besides, 0, time.Hour)
	for i := range 11 {
		if _, ok := c.Get(key(uint64(i)), 0); ok != (i != 1 && i != 2 && i != 4) {
			t.Errorf("entry %d is held: %v", i, ok)
		}
	}
}

// AV-13: what does not fit into the part of a shard is not held, displaces nothing, and removes what it replaces.
func TestAnEntryTooDearIsNotHeld(t *testing.T) {
	const share = 10_000
	for _, tt := range []struct {
		size int
		held bool
	}{{share - besides, true}, {share - besides + 1, false}, {1 << 30, false}} {
		c := memcache.New(60, share, itself)
		c.Set(key(1), 1, 0, time.Hour)
		c.Set(key(1), tt.size, 0, time.Hour)
		if _, ok := c.Get(key(1), 0); ok != tt.held || c.Held(key(1)) != tt.held {
			t.Errorf("%d bytes after one of one byte: held is %v, want %v", tt.size, ok, tt.held)
		}
		c.Delete(key(1))
		if c.Bytes() != 0 || c.Len() != 0 {
			t.Errorf("an empty cache takes %d bytes", c.Bytes())
		}
		c.Set(key(2), 1, 0, time.Hour)
		c.Set(key(1), tt.size, 0, time.Hour)
		if _, ok := c.Get(key(2), 0); ok == tt.held {
			t.Errorf("%d bytes beside one of one byte: that is held: %v", tt.size, ok)
		}
	}
}

// AV-13: values of one size need no cost.
func TestWithoutACostOnlyTheNumberCounts(t *testing.T) {
	c := memcache.New[int](100, 1, nil)
	for i := range 100 {
		c.Set(key(uint64(i)), 1<<30, 0, time.Hour)
	}
	if c.Len() != 100 || c.Bytes() != 0 {
		t.Errorf("%d entries, %d bytes", c.Len(), c.Bytes())
	}
}

func TestHeld(t *testing.T) {
	c := memcache.New[int](2, 0, nil)
	is := func(n uint64, want bool) {
		t.Helper()
		if got := c.Held(key(n)); got != want {
			t.Errorf("%d is held: %v, want %v", n, got, want)
		}
	}
	is(1, false)
	c.Set(key(1), 1, 0, 10)
	is(1, true)
	if _, ok := c.Get(key(1), 10); ok {
		t.Error("an entry is returned after its time")
	}
	is(1, true) // still
	c.Set(key(2), 2, 20, 30)
	for range 10 {
		c.Held(key(1))
	}
	c.Set(key(3), 3, 20, 30) // asking has not marked 1 as used
	is(1, false)
	is(2, true)
	is(3, true)
	c.Delete(key(3))
	is(3, false)
	c.Set(key(2), 2, 20, 20)
	is(2, false)
}

func TestHold(t *testing.T) {
	c := memcache.New[int](3, 0, nil)
	c.Hold(key(1), 1, 0)
	for _, now := range []time.Duration{-1 << 62, -1, 0, 1, 1 << 62} {
		if v, ok := c.Get(key(1), now); ok || v != 0 {
			t.Errorf("at %d a held entry is returned as %d", now, v)
		}
	}
	if !c.Held(key(1)) || c.Len() != 1 {
		t.Error("a held entry is not held")
	}
	c.Set(key(1), 2, 0, 10)
	if v, ok := c.Get(key(1), 0); v != 2 || !ok {
		t.Errorf("set again, it is %d, %v", v, ok)
	}
	c.Hold(key(1), 3, 0) // takes the place of one in its time, and of its bit
	if _, ok := c.Get(key(1), 0); ok || !c.Held(key(1)) {
		t.Error("holding did not end an entry")
	}
	c.Set(key(2), 2, 0, 10)
	c.Set(key(3), 3, 0, 10)
	for _, n := range []uint64{2, 3} {
		if !c.Held(key(1)) {
			t.Fatal("a held entry went though there was room")
		}
		c.Get(key(n), 0)
	}
	c.Set(key(4), 4, 0, 10) // the room is needed
	for n, want := range map[uint64]bool{1: false, 2: true, 3: true, 4: true} {
		if got := c.Held(key(n)); got != want {
			t.Errorf("%d is held: %v, want %v", n, got, want)
		}
	}
}

func TestHeldAllocatesNothing(t *testing.T) {
	c := memcache.New[int](100, 0, nil)
	c.Hold(key(1), 1, 0)
	if got := testing.AllocsPerRun(1000, func() { c.Held(key(1)); c.Held(key(2)) }); got != 0 {
		t.Errorf("allocates %v times, want 0", got)
	}
}

// Writers of all sizes against readers; the race detector watches.
func TestConcurrentUseWithinBytes(t *testing.T) {
	const bytes = 1 << 20
	c := memcache.New(10_000, bytes, itself)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10_000 {
				k := key(rand.Uint64N(300))
				switch rand.IntN(5) {
				case 0:
					c.Set(k, rand.IntN(1<<14), 0, time.Hour)
				case 1:
					c.Hold(k, rand.IntN(1<<10), 0)
				case 2:
					c.Held(k)
				case 3:
					c.Get(k, 0)
				default:
					if got := c.Bytes(); got > bytes {
						t.Errorf("%d bytes, want <= %d", got, bytes)
					}
				}
			}
		})
	}
	wg.Wait()
}

// Entries of all sizes in a full cache: what one displaces is paid for by those that came before.
func BenchmarkSetOfAllSizes(b *testing.B) {
	c := memcache.New(50_000, 64<<20, itself)
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		n++
		c.Set(key(n), 1<<(n%20), 0, time.Hour)
	}
}
