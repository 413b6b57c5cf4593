package memcache

import (
	"sync"
	"sync/atomic"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// entry is what go-cache holds. It is immutable but for used, so readers need no lock beyond go-cache's; a replacement is a
// new entry. The value is part of it: a hit touches one piece of memory less.
type entry[V any] struct {
	value V
	key   string        // the same bytes go-cache's map holds
	until time.Duration // on the caller's clock
	slot  int32         // where in the ring
	used  atomic.Bool
}

// shard is one go-cache and the CLOCK that bounds it.
type shard[V any] struct {
	entries *gocache.Cache // has its own lock; readers take only that

	mu       sync.Mutex // guards what follows, and every write to entries
	capacity int
	ring     []*entry[V] // grows to capacity; nil where the slot is free
	free     []int32     // slots of deleted entries
	hand     int         // the slot to look at next
}

func newShard[V any](capacity int) *shard[V] {
	return &shard[V]{
		// No expiry and no janitor of go-cache's: it would read the clock once more on each hit, and its sweep holds the lock.
		entries:  gocache.New(gocache.NoExpiration, 0),
		capacity: capacity,
	}
}

// set stores v until until, which is after now.
func (s *shard[V]) set(k Key, v V, now, until time.Duration) {
	e := &entry[V]{value: v, until: until}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, held := s.entries.Get(string(k[:])); held {
		old := x.(*entry[V])
		e.key, e.slot = old.key, old.slot
		e.used.Store(true) // somebody came back for it
	} else {
		e.key = string(k[:])
		e.slot = s.vacate(now)
	}
	s.ring[e.slot] = e
	s.entries.Set(e.key, e, gocache.NoExpiration)
}

func (s *shard[V]) remove(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, held := s.entries.Get(string(k[:])); held {
		slot := x.(*entry[V]).slot
		s.drop(slot)
		s.free = append(s.free, slot)
	}
}

// vacate returns an empty slot. s.mu is held.
//
// In a full ring the hand takes the first entry whose time is over or that was not used since its last visit, and clears the
// bit of those it passes. One lap at most: readers that set bits as fast as the hand clears them must not hold up set.
func (s *shard[V]) vacate(now time.Duration) int32 {
	if last := len(s.free) - 1; last >= 0 {
		slot := s.free[last]
		s.free = s.free[:last]
		return slot
	}
	if len(s.ring) < s.capacity {
		s.ring = append(s.ring, nil)
		return int32(len(s.ring) - 1)
	}
	for range len(s.ring) {
		e := s.ring[s.hand]
		if !e.used.Load() || now >= e.until {
			break
		}
		e.used.Store(false)
		s.advance()
	}
	slot := int32(s.hand)
	s.drop(slot)
	s.advance()
	return slot
}

// drop empties a slot and takes its entry out of go-cache. s.mu is held.
func (s *shard[V]) drop(slot int32) {
	s.entries.Delete(s.ring[slot].key)
	s.ring[slot] = nil
}

func (s *shard[V]) advance() {
	if s.hand++; s.hand == len(s.ring) {
		s.hand = 0
	}
}
