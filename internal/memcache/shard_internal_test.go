package memcache

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

func TestCapacitiesOfTheShardsAddUp(t *testing.T) {
	for capacity := range 9000 {
		if capacity == 0 {
			continue
		}
		c := New[int](capacity)
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
	if got := len(New[int](10_000).shards); got != maxShards {
		t.Errorf("New(10000) has %d shards, want %d", got, maxShards)
	}
}

func TestEveryShardIsUsed(t *testing.T) {
	c := New[int](10_000)
	for b := range 256 {
		c.Set(Key{byte(b)}, 0, 0, time.Hour)
	}
	for i, s := range c.shards {
		if got := s.entries.ItemCount(); got != 4 {
			t.Errorf("shard %d holds %d of 256 first bytes, want 4", i, got)
		}
	}
}

// A thousand random walks through every state a shard can be in, checked after
// every step against the rules that hold the ring and go-cache together.
func TestRingAndMapAgree(t *testing.T) {
	var now time.Duration
	for range 1000 {
		s := newShard[int](1 + rand.IntN(6))
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
					x.(*entry[int]).used.Store(true)
				}
			default:
				s.set(k, 0, now, now+time.Duration(1+rand.IntN(4))*time.Second)
				if _, ok := s.entries.Get(string(k[:])); !ok {
					t.Fatal("an entry just set is not held")
				}
			}
			agree(t, s)
		}
	}
}

func agree(t *testing.T, s *shard[int]) {
	t.Helper()
	items := s.entries.Items()
	empty := 0
	for slot, e := range s.ring {
		if e == nil {
			empty++
			continue
		}
		if int(e.slot) != slot {
			t.Fatalf("slot %d holds an entry that is for slot %d", slot, e.slot)
		}
		if item, ok := items[e.key]; !ok || item.Object != e {
			t.Fatalf("slot %d holds an entry that go-cache does not", slot)
		}
	}
	held := len(s.ring) - empty
	if len(s.ring) > s.capacity || held != s.entries.ItemCount() || empty != len(s.free) {
		t.Fatalf("capacity %d: ring %d, empty %d, free %d, go-cache %d",
			s.capacity, len(s.ring), empty, len(s.free), s.entries.ItemCount())
	}
	for _, slot := range s.free {
		if s.ring[slot] != nil {
			t.Fatalf("slot %d is free and taken", slot)
		}
	}
}

func TestTheHandMakesOneLapWhereAllIsInUse(t *testing.T) {
	s := newShard[int](8)
	for i := range byte(8) {
		s.set(Key{i}, 0, 0, time.Hour)
	}
	for _, e := range s.ring {
		e.used.Store(true)
	}
	s.set(Key{8}, 0, 0, time.Hour)
	if _, held := s.entries.Get(string(make([]byte, 16))); held {
		t.Error("the entry the hand started at is still there, want it displaced after one lap")
	}
	if s.hand != 1 {
		t.Errorf("the hand is at %d, want 1", s.hand)
	}
	for slot, e := range s.ring {
		if e.used.Load() {
			t.Errorf("slot %d is still marked after a lap", slot)
		}
	}
}
