package memcache_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/memcache"
)

// key n of a uniform sequence: what a keyed hash of n would look like.
func key(n uint64) (k memcache.Key) {
	for i := range 2 {
		x := n*2 + uint64(i) + 1
		x *= 0x9e3779b97f4a7c15 // SplitMix64
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		binary.LittleEndian.PutUint64(k[8*i:], x^x>>31)
	}
	return k
}

// epoch is what the times of these tests count from.
var epoch = time.Now()

// set stores a copy of *v for ttl.
func set[V any](c *memcache.Cache[V], k memcache.Key, v *V, ttl time.Duration) {
	now := time.Since(epoch)
	c.Set(k, *v, now, now+ttl)
}

func get[V any](c *memcache.Cache[V], k memcache.Key) (V, bool) { return c.Get(k, time.Since(epoch)) }

func check(t *testing.T, c *memcache.Cache[int], k memcache.Key, want int, held bool) {
	t.Helper()
	v, ok := get(c, k)
	if ok != held || ok && v != want {
		t.Errorf("Get = %v, %v, want %d, %v", v, ok, want, held)
	}
	if !ok && v != 0 {
		t.Errorf("Get = %v with a miss, want zero", v)
	}
}

func TestGetReturnsWhatWasSet(t *testing.T) {
	c := memcache.New[int](10, 0, nil)
	v := 1
	check(t, c, key(1), 0, false)
	set(c, key(1), &v, time.Minute)
	check(t, c, key(1), 1, true)
	check(t, c, key(2), 0, false)
	v = 2
	check(t, c, key(1), 1, true)
}

func TestKeysAreComparedWhole(t *testing.T) {
	c := memcache.New[int](100, 0, nil)
	for i := range 16 {
		var k memcache.Key
		k[i] = 1
		set(c, k, &i, time.Minute)
	}
	for i := range 16 {
		var k memcache.Key
		k[i] = 1
		check(t, c, k, i, true)
	}
	check(t, c, memcache.Key{}, 0, false)
}

func TestReplacingTakesNoSecondSlot(t *testing.T) {
	c := memcache.New[int](2, 0, nil)
	for i := range 100 {
		set(c, key(1), &i, time.Minute)
		check(t, c, key(1), i, true)
	}
	if got := c.Len(); got != 1 {
		t.Errorf("Len = %d after one key was set 100 times, want 1", got)
	}
	two := 2
	set(c, key(2), &two, time.Minute)
	check(t, c, key(1), 99, true)
	check(t, c, key(2), 2, true)
}

func TestSetStoresNothing(t *testing.T) {
	v := 1
	tests := []struct {
		name string
		ttl  time.Duration
	}{
		{"a TTL of zero", 0},
		{"a TTL of -1ns", -1},
		{"a TTL in the past", -time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := memcache.New[int](10, 0, nil)
			set(c, key(1), &v, tt.ttl)
			check(t, c, key(1), 0, false)

			set(c, key(2), &v, time.Hour)
			set(c, key(2), &v, tt.ttl)
			check(t, c, key(2), 0, false)
			if got := c.Len(); got != 0 {
				t.Errorf("Len = %d, want 0", got)
			}
		})
	}
}

func TestEntriesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := memcache.New[int](10, 0, nil)
		one, two := 1, 2
		set(c, key(1), &one, time.Minute)
		time.Sleep(time.Minute - 1)
		check(t, c, key(1), 1, true)
		time.Sleep(time.Nanosecond)
		check(t, c, key(1), 0, false)
		if got := c.Len(); got != 1 {
			t.Errorf("Len = %d with one expired entry, want 1", got)
		}

		set(c, key(1), &two, time.Minute)
		check(t, c, key(1), 2, true)
		if got := c.Len(); got != 1 {
			t.Errorf("Len = %d after an expired entry was set again, want 1", got)
		}

		time.Sleep(30 * time.Second)
		set(c, key(1), &one, time.Minute) // a replacement has its own TTL
		time.Sleep(45 * time.Second)
		check(t, c, key(1), 1, true)
		set(c, key(1), &one, time.Second)
		time.Sleep(2 * time.Second)
		check(t, c, key(1), 0, false)
	})
}

// A clock that goes back shows what was there then: whose clock it is decides that, and callers use the monotonic one.
func TestTimeIsTheCallers(t *testing.T) {
	c := memcache.New[int](10, 0, nil)
	c.Set(key(1), 1, 100, 200)
	for _, tt := range []struct {
		now  time.Duration
		held bool
	}{{100, true}, {199, true}, {200, false}, {math.MaxInt64, false}, {150, true}} {
		if _, ok := c.Get(key(1), tt.now); ok != tt.held {
			t.Errorf("held at %d: %v, want %v", tt.now, ok, tt.held)
		}
	}
}

func TestAnExpiredEntryGoesBeforeALiveOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := memcache.New[int](4, 0, nil)
		for i := range 4 {
			ttl := time.Hour
			if i == 2 {
				ttl = time.Second
			}
			set(c, key(uint64(i)), &i, ttl)
			check(t, c, key(uint64(i)), i, true) // all in use, so the hand passes
		}
		time.Sleep(2 * time.Second)
		four := 4
		set(c, key(4), &four, time.Hour)
		for i := range 5 {
			check(t, c, key(uint64(i)), i, i != 2)
		}
	})
}

func TestAnUnusedEntryGoesBeforeAUsedOne(t *testing.T) {
	c := memcache.New[int](4, 0, nil)
	for i := range 4 {
		set(c, key(uint64(i)), &i, time.Hour)
	}
	for i := range 3 {
		check(t, c, key(uint64(i)), i, true)
	}
	four := 4
	set(c, key(4), &four, time.Hour)
	for i := range 5 {
		check(t, c, key(uint64(i)), i, i != 3)
	}
}

func TestAReplacedEntryCountsAsUsed(t *testing.T) {
	c := memcache.New[int](2, 0, nil)
	for _, i := range []int{0, 1, 0, 2} {
		set(c, key(uint64(i)), &i, time.Hour)
	}
	for i := range 3 {
		check(t, c, key(uint64(i)), i, i != 1)
	}

	c = memcache.New[int](3, 0, nil)
	for _, i := range []int{0, 1, 0, 2, 3, 4} { // 1 goes for 3, and for 4 not 0, but 2, which came after it
		set(c, key(uint64(i)), &i, time.Hour)
	}
	for _, i := range []int{0, 3, 4} {
		check(t, c, key(uint64(i)), i, true)
	}
}

func TestACacheInUseThroughoutStillTakesANewEntry(t *testing.T) {
	c := memcache.New[int](4, 0, nil)
	for i := range 100 {
		set(c, key(uint64(i)), &i, time.Hour)
		for j := range i + 1 {
			get(c, key(uint64(j)))
		}
		check(t, c, key(uint64(i)), i, true)
	}
	if got := c.Len(); got != 4 {
		t.Errorf("Len = %d, want 4", got)
	}
}

func TestDeleteFreesTheSlot(t *testing.T) {
	c := memcache.New[int](4, 0, nil)
	c.Delete(key(0)) // nothing there yet
	for i := range 4 {
		set(c, key(uint64(i)), &i, time.Hour)
	}
	for i := range 1000 {
		c.Delete(key(1))
		c.Delete(key(1))
		check(t, c, key(1), 0, false)
		if got := c.Len(); got != 3 {
			t.Fatalf("Len = %d after Delete, want 3", got)
		}
		set(c, key(1), &i, time.Hour)
		check(t, c, key(1), i, true)
	}
	for _, i := range []int{0, 2, 3} {
		check(t, c, key(uint64(i)), i, true)
	}
}

func TestLenNeverPassesTheCapacity(t *testing.T) {
	for _, capacity := range []int{1, 2, 3, 63, 64, 65, 127, 128, 1000, 4095, 4096, 4097, 10_007} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			c := memcache.New[int](capacity, 0, nil)
			v := 1
			for n := range uint64(20*capacity + 1000) {
				set(c, key(n), &v, time.Hour)
				if n%97 == 0 && c.Len() > capacity {
					t.Fatalf("Len = %d after %d inserts, want <= %d", c.Len(), n+1, capacity)
				}
			}
			if got := c.Len(); got != capacity {
				t.Errorf("Len = %d after a flood, want %d", got, capacity)
			}
		})
	}
}

func TestNewPanicsWithoutABound(t *testing.T) {
	free := func(int) int { return 0 }
	for _, tt := range []struct {
		capacity, bytes int
		cost            func(int) int
		panics          bool
	}{
		{0, 1, nil, true},
		{-1, 1, nil, true},
		{math.MinInt, 1, nil, true},
		{1, 0, free, true},
		{1, -1, free, true},
		{0, 1, free, true},
		{1, 0, nil, false},
		{1, -1, nil, false},
		{1, 1, free, false},
	} {
		func() {
			defer func() {
				if r := recover(); (r != nil) != tt.panics {
					t.Errorf("New(%d, %d) panicked with %v, want a panic: %v", tt.capacity, tt.bytes, r, tt.panics)
				}
			}()
			memcache.New(tt.capacity, tt.bytes, tt.cost)
		}()
	}
}

func TestHotEntriesSurviveAFlood(t *testing.T) {
	const capacity, hot, flood = 10_000, 1000, 1_000_000
	c := memcache.New[uint64](capacity, 0, nil)
	hotKey := func(n uint64) memcache.Key { return key(1<<40 + n) }
	for n := range uint64(hot) {
		set(c, hotKey(n), &n, time.Hour)
	}
	var v uint64
	misses := 0
	for n := range uint64(flood) {
		set(c, key(n), &v, time.Hour)
		want := n % hot
		if got, ok := get(c, hotKey(want)); !ok {
			misses++
			set(c, hotKey(want), &want, time.Hour)
		} else if got != want {
			t.Fatalf("hot key %d holds %d", want, got)
		}
		if n%10_000 == 0 && c.Len() > capacity {
			t.Fatalf("Len = %d after %d inserts, want <= %d", c.Len(), n+1, capacity)
		}
	}
	if got := c.Len(); got != capacity {
		t.Errorf("Len = %d after the flood, want %d", got, capacity)
	}
	if misses > flood/1000 {
		t.Errorf("%d of %d reads of hot keys missed, want <= 0.1 %%", misses, flood)
	}
	held := 0
	for n := range uint64(hot) {
		if _, ok := get(c, hotKey(n)); ok {
			held++
		}
	}
	if held < hot*999/1000 {
		t.Errorf("%d of %d hot keys survived, want >= 99.9 %%", held, hot)
	}
	t.Logf("%d misses, %d of %d survived", misses, held, hot)
}

func TestGetAllocatesNothing(t *testing.T) {
	c := memcache.New[int](10_000, 0, nil)
	v := 1
	set(c, key(1), &v, time.Hour)
	if got := testing.AllocsPerRun(1000, func() { get(c, key(1)) }); got != 0 {
		t.Errorf("a hit allocates %v times, want 0", got)
	}
	if got := testing.AllocsPerRun(1000, func() { get(c, key(2)) }); got != 0 {
		t.Errorf("a miss allocates %v times, want 0", got)
	}
}

// Readers, writers and deleters on few keys and fewer slots; the race detector
// watches, and every hit must be a value some Set stored for that key.
func TestConcurrentUse(t *testing.T) {
	const capacity, keys, steps = 300, 500, 20_000
	type pair struct{ key, serial uint64 }
	c := memcache.New[pair](capacity, 0, nil)
	var wg sync.WaitGroup
	var serial atomic.Uint64
	for range 8 {
		wg.Go(func() {
			for range steps {
				n := rand.Uint64N(keys)
				switch op := rand.IntN(100); {
				case op < 60:
					if v, ok := get(c, key(n)); ok && v.key != n {
						t.Errorf("key %d holds the value of %d", n, v.key)
					}
				case op < 90:
					set(c, key(n), &pair{n, serial.Add(1)}, time.Duration(1+rand.IntN(100_000)))
				case op < 95:
					set(c, key(n), &pair{n, serial.Add(1)}, 0)
				case op < 99:
					c.Delete(key(n))
				default:
					if got := c.Len(); got > capacity {
						t.Errorf("Len = %d, want <= %d", got, capacity)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestDeleteIsSeenAtOnce(t *testing.T) {
	c := memcache.New[int](1000, 0, nil)
	var wg sync.WaitGroup
	for g := range uint64(4) {
		wg.Go(func() {
			for i := range 5000 {
				set(c, key(g), &i, time.Hour)
				check(t, c, key(g), i, true)
				c.Delete(key(g))
				check(t, c, key(g), 0, false)
			}
		})
	}
	wg.Wait()
}

func filled(capacity int) (*memcache.Cache[int], []memcache.Key) {
	c := memcache.New[int](capacity, 0, nil)
	keys := make([]memcache.Key, capacity/2)
	v := 1
	for i := range keys {
		keys[i] = key(uint64(i))
		set(c, keys[i], &v, time.Hour)
	}
	return c, keys
}

func BenchmarkGetHit(b *testing.B) {
	c, keys := filled(10_000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := get(c, keys[i]); !ok {
			b.Fatal("miss")
		}
		if i++; i == len(keys) {
			i = 0
		}
	}
}

func BenchmarkGetMiss(b *testing.B) {
	c, _ := filled(10_000)
	k := key(1 << 40)
	b.ReportAllocs()
	for b.Loop() {
		get(c, k)
	}
}

func BenchmarkGetParallelWith1PercentWrites(b *testing.B) {
	c, keys := filled(10_000)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		v := 1
		for i := rand.IntN(len(keys)); pb.Next(); i++ {
			k := keys[i%len(keys)]
			if i%100 == 0 {
				set(c, k, &v, time.Hour)
				continue
			}
			get(c, k)
		}
	})
}

func BenchmarkSetReplace(b *testing.B) {
	c, keys := filled(10_000)
	v := 1
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		set(c, keys[i], &v, time.Hour)
		if i++; i == len(keys) {
			i = 0
		}
	}
}

// Every key is new and half of the slots are in use, so the hand has work to do.
func BenchmarkSetFlood(b *testing.B) {
	for _, capacity := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(capacity), func(b *testing.B) {
			c, keys := filled(capacity)
			v := 1
			n := uint64(1 << 40)
			b.ReportAllocs()
			for b.Loop() {
				set(c, key(n), &v, time.Hour)
				get(c, keys[n%uint64(len(keys))])
				n++
			}
		})
	}
}
