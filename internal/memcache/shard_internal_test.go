package memcache

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// Costs of values: their own value, and nothing.
func itself(n int) int { return n }
func free(int) int     { return 0 }

func TestCapacitiesOfTheShardsAddUp(t *testing.T) {
	for capacity := range 9000 {
		if capacity == 0 {
			continue
		}
		c := New[int](capacity, 0, nil)
		sum, least := 0, capacity
		for _, s := range c.shards {
			sum += s.capacity
			least = min(least, s.capacity)
		}
		n := len(c.shards)
		if sum != capacity || n > maxShards || n&(n-1) != 0 || n > 1 && least < minPerShard {
			t.Fatalf("New(%d) has %d shards of %d or more, %d in all", capacity, n, least, sum)
		}
	}
	if got := len(New[int](10_000, 0, nil).shards); got != maxShards {
		t.Errorf("New(10000) has %d shards, want %d", got, maxShards)
	}
}

func TestEveryShardIsUsed(t *testing.T) {
	c := New[int](10_000, 0, nil)
	for b := range 256 {
		c.Set(Key{byte(b)}, 0, 0, time.Hour)
	}
	for i, s := range c.shards {
		if got := s.entries.ItemCount(); got != 4 {
			t.Errorf("shard %d holds %d of 256 first bytes, want 4", i, got)
		}
	}
}

// The parts of a bound in bytes add up to no more than it.
func TestBytesOfTheShardsAddUp(t *testing.T) {
	for _, capacity := range []int{1, 100, 200, 1000, 10_000} {
		for _, bytes := range []int{1, 63, 64, 65, 1000, 64 << 20} {
			c := New(capacity, bytes, free)
			sum := 0
			for _, s := range c.shards {
				sum += s.bytes
			}
			if sum > bytes || sum <= bytes-len(c.shards) {
				t.Errorf("New(%d, %d) has %d bytes in %d shards", capacity, bytes, sum, len(c.shards))
			}
		}
	}
}

// A thousand random walks through every state a shard can be in, checked after
// every step against the rules that hold the ring and go-cache together.
func TestRingAndMapAgree(t *testing.T) {
	var now time.Duration
	for range 1000 {
		s := newShard(1+rand.IntN(6), 1+rand.IntN(40), itself)
		for range 100 {
			var k Key
			binary.LittleEndian.PutUint64(k[8:], rand.Uint64N(10))
			switch rand.IntN(6) {
			case 0:
				s.remove(k)
			case 1:
				now += time.Second
			case 2, 3:
				if x, ok := s.entries.Get(string(k[:])); ok {
					x.(*entry[int]).markUsed()
				}
			default:
				until := now + time.Duration(1+rand.IntN(4))*time.Second
				if rand.IntN(4) == 0 {
					until = ended
				}
				cost := rand.IntN(20)
				s.set(k, cost, now, until)
				if _, ok := s.entries.Get(string(k[:])); ok != (cost <= s.bytes) {
					t.Fatalf("an entry of %d bytes just set is held: %v, want it up to %d bytes", cost, ok, s.bytes)
				}
			}
			agree(t, s)
		}
	}
}

func agree(t *testing.T, s *shard[int]) {
	t.Helper()
	items := s.entries.Items()
	count, cost := 0, 0
	for e := s.hand; e != nil; {
		count++
		cost += e.value
		if item, ok := items[e.name()]; !ok || item.Object != e {
			t.Fatalf("the ring has an entry that go-cache does not")
		}
		if e.next.prev != e || e.prev.next != e {
			t.Fatal("the ring is broken")
		}
		if e = e.next; e == s.hand {
			break
		}
	}
	if count != s.count || count != len(items) || cost != s.held || count > s.capacity || cost > s.bytes {
		t.Fatalf("capacity %d, %d bytes: ring %d of %d bytes, counted %d of %d, go-cache %d",
			s.capacity, s.bytes, count, cost, s.count, s.held, len(items))
	}
}

func TestTheHandMakesOneLapWhereAllIsInUse(t *testing.T) {
	s := newShard(8, 0, free)
	set := func(b byte) { s.set(Key{b}, 0, 0, time.Hour) }
	for i := range byte(8) {
		set(i)
	}
	ring := func() (all []*entry[int]) {
		for e := s.hand; len(all) < s.count; e = e.next {
			all = append(all, e)
		}
		return all
	}
	for _, e := range ring() {
		e.markUsed()
	}
	set(8)
	if _, held := s.entries.Get(string(make([]byte, 16))); held {
		t.Error("the entry the hand started at is still there, want it displaced after one lap")
	}
	if got := s.hand.key[0]; got != 1 {
		t.Errorf("the hand is at entry %d, want 1", got)
	}
	for _, e := range ring() {
		if e.used() {
			t.Errorf("entry %d is still marked after a lap", e.key[0])
		}
	}
}

// A replacement that grows does not displace itself, wherever the hand is.
func TestAReplacementMakesRoomAmongTheOthers(t *testing.T) {
	for again := range byte(4) {
		s := newShard(8, 40, itself)
		for i := range byte(4) {
			s.set(Key{i}, 10, 0, time.Hour)
		}
		s.set(Key{again}, 30, 0, time.Hour)
		if e, ok := s.entries.Get(string(append([]byte{again}, make([]byte, 15)...))); !ok || e.(*entry[int]).value != 30 || s.held != 40 || s.count != 2 {
			t.Errorf("entry %d grew: held %v, %d entries of %d bytes, want it and one other, 40 bytes", again, ok, s.count, s.held)
		}
		agree(t, s)
	}
}

// AV-13: what an entry takes besides its value is measured, at the sizes between which go-cache's maps grow.
func TestEntriesTakeWhatIsCounted(t *testing.T) {
	for _, n := range []int{40_000, 60_000, 80_000, 100_000} {
		before := heap()
		c := New(2*n, 1<<30, free)
		r := rand.NewChaCha8([32]byte{})
		for range n {
			var k Key
			_, _ = r.Read(k[:])
			c.Set(k, 0, 0, time.Hour)
		}
		grown := heap() - before
		ratio := float64(grown) / float64(c.Bytes())
		t.Logf("%d entries: %d bytes each, %.2f of what is counted", n, grown/n, ratio)
		if c.Len() != n || ratio < 0.8 || ratio > 1.2 {
			t.Errorf("%d entries take %d bytes, %.2f of what is counted, want 0.8 to 1.2", c.Len(), grown, ratio)
		}
		runtime.KeepAlive(c)
	}
}

// The key in go-cache's map is part of an entry. A replaced entry must not stay because of it.
func TestReplacedEntriesAreFreed(t *testing.T) {
	const n = 50_000
	c := New(2*n, 1<<30, free)
	set := func() {
		r := rand.NewChaCha8([32]byte{})
		for range n {
			var k Key
			_, _ = r.Read(k[:])
			c.Set(k, 0, 0, time.Hour)
		}
	}
	set()
	before := heap()
	set()
	grown := heap() - before
	t.Logf("%d bytes each", grown/n)
	if grown > n*8 {
		t.Errorf("%d entries that were replaced left %d bytes behind", n, grown)
	}
	runtime.KeepAlive(c)
}

// heap is what is in use after a collection.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
