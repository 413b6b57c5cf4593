package memcache

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// entry is what go-cache holds. Readers need no lock beyond go-cache's: to them it is immutable but for used, and a
// replacement is a new entry. The value is part of it: a hit touches one piece of memory less.
type entry[V any] struct {
	value V
	key   string        // the same bytes go-cache's map holds
	until time.Duration // on the caller's clock
	used  atomic.Bool

	next, prev *entry[V] // in the ring; guarded by shard.mu
	cost       int
}

// perEntry is what an entry takes besides its value, in bytes: 64 for itself (with a value of one word), 16 for the bytes of
// its key, and its share of go-cache's map. There a slot is 48, rounded up by the allocator from a key of 16, an item of 24 and
// a control byte; the maps of a cache with many entries are 44 to 88 % full, so that is 55 to 110 for each of them.
const perEntry = 64 + 16 + 80

// ended is a time that is over on every clock.
const ended time.Duration = math.MinInt64

// shard is one go-cache and the CLOCK that bounds it.
type shard[V any] struct {
	entries *gocache.Cache // has its own lock; readers take only that

	mu       sync.Mutex // guards what follows, and every write to entries
	capacity int        // how many entries there may be
	bytes    int        // what they may cost together
	count    int        // how many there are
	held     int        // what they cost
	hand     *entry[V]  // the next to be looked at in the ring of them all; nil if there are none
}

func newShard[V any](capacity, bytes int) *shard[V] {
	return &shard[V]{
		// No expiry and no janitor of go-cache's: it would read the clock once more on each hit, and its sweep holds the lock.
		entries:  gocache.New(gocache.NoExpiration, 0),
		capacity: capacity,
		bytes:    bytes,
	}
}

// set stores v until until. A value that is too dear by itself is not stored, and the one before it removed all the same.
func (s *shard[V]) set(k Key, v V, cost int, now, until time.Duration) {
	e := &entry[V]{value: v, until: until, cost: cost}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, held := s.entries.Get(string(k[:])); held {
		old := x.(*entry[V])
		e.key = old.key
		e.used.Store(true) // somebody came back for it
		s.unlink(old)
	} else {
		e.key = string(k[:])
	}
	if cost > s.bytes {
		s.entries.Delete(e.key)
		return
	}
	s.link(e)
	for s.count > s.capacity || s.held > s.bytes {
		s.displace(e, now)
	}
	s.entries.Set(e.key, e, gocache.NoExpiration)
}

func (s *shard[V]) remove(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, held := s.entries.Get(string(k[:])); held {
		s.drop(x.(*entry[V]))
	}
}

// displace drops the first entry, but keep, whose time is over or that was not used since the hand's last visit, and clears
// the bit of those that the hand passes. One lap at most: readers that set bits as fast as the hand clears them must not hold
// up set. There must be an entry besides keep. s.mu is held.
func (s *shard[V]) displace(keep *entry[V], now time.Duration) {
	for left := s.count; ; left-- {
		e := s.hand
		s.hand = e.next
		switch {
		case e == keep:
		case left <= 0 || !e.used.Load() || now >= e.until:
			s.drop(e)
			return
		default:
			e.used.Store(false)
		}
	}
}

// drop takes e out of the ring and out of go-cache. s.mu is held.
func (s *shard[V]) drop(e *entry[V]) {
	s.unlink(e)
	s.entries.Delete(e.key)
}

// link puts e where the hand comes last. s.mu is held.
func (s *shard[V]) link(e *entry[V]) {
	if s.hand == nil {
		s.hand, e.next, e.prev = e, e, e
	} else {
		e.next, e.prev = s.hand, s.hand.prev
		e.next.prev, e.prev.next = e, e
	}
	s.count++
	s.held += e.cost
}

// unlink takes e out of the ring. s.mu is held.
func (s *shard[V]) unlink(e *entry[V]) {
	switch {
	case e.next == e:
		s.hand = nil
	case s.hand == e:
		s.hand = e.next
	}
	e.next.prev, e.prev.next = e.prev, e.next
	s.count--
	s.held -= e.cost
}
