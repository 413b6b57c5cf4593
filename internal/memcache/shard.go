package memcache

import (
	"sync"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// shard is one go-cache and the CLOCK that bounds it.
type shard[V any] struct {
	entries *gocache.Cache // has its own lock; readers take only that
	price   func(V) int    // what an entry of a value costs, the same each time

	mu       sync.Mutex // guards what follows, and every write to entries
	capacity int        // how many entries there may be
	bytes    int        // what they may cost together
	count    int        // how many there are
	held     int        // what they cost
	hand     *entry[V]  // the next to be looked at in the ring of all; nil if there are none
}

func newShard[V any](capacity, bytes int, price func(V) int) *shard[V] {
	return &shard[V]{
		// Without the expiry and the janitor of go-cache: a hit would read the clock once more, and
		// the janitor holds the lock while it sweeps.
		entries:  gocache.New(gocache.NoExpiration, 0),
		price:    price,
		capacity: capacity,
		bytes:    bytes,
	}
}

// set stores v until until. A value that costs too much is not stored; the one before it is removed
// all the same.
func (s *shard[V]) set(k Key, v V, now, until time.Duration) {
	e := newEntry(k, v, until)
	cost := s.price(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.get(k); old != nil {
		e.markUsed() // its key came back
		s.unlink(old)
	}
	if cost > s.bytes {
		s.entries.Delete(e.name())
		return
	}
	s.link(e, cost)
	for s.count > s.capacity || s.held > s.bytes {
		s.displace(e, now)
	}
	s.entries.Set(e.name(), e, gocache.NoExpiration) // replaces the name, too, which is part of old
}

// get returns the entry of k, expired or not, or nil. It allocates nothing.
func (s *shard[V]) get(k Key) *entry[V] {
	x, ok := s.entries.Get(string(k[:]))
	if !ok {
		return nil
	}
	return x.(*entry[V])
}

func (s *shard[V]) remove(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.get(k); e != nil {
		s.drop(e)
	}
}

// displace drops the first entry except keep whose time is over or that was not used since the
// last visit of the hand. It clears the used bit of each entry that the hand passes. It makes one
// lap at most: otherwise readers that set the bits as fast as the hand clears them would hold up
// set. There must be an entry besides keep. s.mu is held.
func (s *shard[V]) displace(keep *entry[V], now time.Duration) {
	for left := s.count; ; left-- {
		e := s.hand
		s.hand = e.next
		switch {
		case e == keep:
		case left <= 0 || !e.used() || over(e.state.Load(), now):
			s.drop(e)
			return
		default:
			e.clearUsed()
		}
	}
}

// drop takes e out of the ring and out of go-cache. s.mu is held.
func (s *shard[V]) drop(e *entry[V]) {
	s.unlink(e)
	s.entries.Delete(e.name())
}

// link puts e where the hand comes last. s.mu is held.
func (s *shard[V]) link(e *entry[V], cost int) {
	if s.hand == nil {
		s.hand, e.next, e.prev = e, e, e
	} else {
		e.next, e.prev = s.hand, s.hand.prev
		e.next.prev, e.prev.next = e, e
	}
	s.count++
	s.held += cost
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
	s.held -= s.price(e.value)
}
