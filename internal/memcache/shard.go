package memcache

import (
	"sync"
	"sync/atomic"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// entry is what go-cache holds. It is immutable but for used, so readers need
// no lock beyond go-cache's; a replacement is a new entry.
type entry[V any] struct {
	value    V             // inline: one allocation an entry
	key      string        // the same bytes go-cache's map and the index hold
	deadline time.Duration // since the shard's epoch, monotonic; only tells the hand what has expired
	used     atomic.Bool
}

// shard is one go-cache and the CLOCK that bounds it.
type shard[V any] struct {
	entries *gocache.Cache // has its own lock; readers take only that
	epoch   time.Time

	mu       sync.Mutex // guards what follows, and every write to entries
	capacity int
	ring     []*entry[V]    // grows to capacity; nil where the slot is free
	index    map[string]int // slot of each key, expired ones too, which go-cache hides
	free     []int          // slots of deleted entries
	hand     int            // the slot to look at next
}

func newShard[V any](capacity int) *shard[V] {
	return &shard[V]{
		// No cleanup interval: its janitor has no Close, and a sweep holds the lock.
		entries:  gocache.New(maxTTL, 0),
		epoch:    time.Now(),
		capacity: capacity,
		index:    make(map[string]int),
	}
}

// set stores v; ttl is in (0, maxTTL].
func (s *shard[V]) set(k Key, v *V, ttl time.Duration) {
	now := time.Since(s.epoch)
	e := &entry[V]{value: *v, deadline: now + ttl}

	s.mu.Lock()
	defer s.mu.Unlock()
	slot, held := s.index[string(k[:])]
	if held {
		e.key = s.ring[slot].key
		e.used.Store(true) // somebody came back for it
	} else {
		e.key = string(k[:])
		slot = s.vacate(now)
		s.index[e.key] = slot
	}
	s.ring[slot] = e
	s.entries.Set(e.key, e, ttl)
}

func (s *shard[V]) remove(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot, held := s.index[string(k[:])]; held {
		s.drop(slot)
		s.free = append(s.free, slot)
	}
}

// vacate returns an empty slot. s.mu is held.
//
// In a full ring the hand takes the first entry that is expired or was not used
// since its last visit, and clears the bit of those it passes. One lap at most:
// readers that set bits as fast as the hand clears them must not hold up Set.
func (s *shard[V]) vacate(now time.Duration) int {
	if last := len(s.free) - 1; last >= 0 {
		slot := s.free[last]
		s.free = s.free[:last]
		return slot
	}
	if len(s.ring) < s.capacity {
		s.ring = append(s.ring, nil)
		return len(s.ring) - 1
	}
	for range len(s.ring) {
		e := s.ring[s.hand]
		if !e.used.Load() || now >= e.deadline {
			break
		}
		e.used.Store(false)
		s.advance()
	}
	slot := s.hand
	s.drop(slot)
	s.advance()
	return slot
}

func (s *shard[V]) drop(slot int) {
	key := s.ring[slot].key
	s.entries.Delete(key)
	delete(s.index, key)
	s.ring[slot] = nil
}

func (s *shard[V]) advance() {
	if s.hand++; s.hand == len(s.ring) {
		s.hand = 0
	}
}
