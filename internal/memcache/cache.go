// Package memcache is a bounded, sharded cache in memory over [go-cache].
//
// go-cache gives the map and its lock. This package adds what go-cache lacks: a bound, in entries
// and in bytes. Each shard keeps its entries in a ring with a second-chance bit (CLOCK). So a flood
// of keys that are used once displaces itself, and entries in use stay. A displaced entry costs
// constant time, and there is no goroutine.
//
//	c := memcache.New(10_000, 64<<20, (*Claims).Size)
//	now := time.Since(epoch)
//	c.Set(key, &Claims{Subject: "u1"}, now, now+time.Minute)
//	if claims, ok := c.Get(key, time.Since(epoch)); ok {
//		use(claims)
//	}
//
// Keys must be keyed hashes (such as HMAC, with a secret of this process), never tokens. So a
// memory dump or a log line holds no usable token, and the time of a lookup tells nothing about a
// stored one. The secret also keeps clients from choosing the shard of an entry: with a plain
// hash they could aim a flood at one shard and evict its entries.
//
// Times are durations since an epoch of the caller, on the monotonic clock, which cannot be set
// back. They must lie within 146 years. The expiry of go-cache is not used: it follows the wall
// clock, and each hit would read that once more. No entry lives for ever: Get checks the time, and
// the ring is bounded.
//
// [go-cache]: https://pkg.go.dev/github.com/patrickmn/go-cache
package memcache

import (
	"fmt"
	"time"
)

const (
	maxShards = 64
	// minPerShard keeps small caches in one piece: if a shard had a few slots only, two keys in
	// use could evict each other in a cache that is nearly empty.
	minPerShard = 64
)

// Key names an entry: a keyed hash, uniformly distributed, never a raw token.
type Key [16]byte

// Cache holds values of type V, bounded in number and in bytes. Make one with [New]; the zero Cache
// is not usable. Its methods are safe for concurrent use.
//
// Values are shared, not copied: they must not change after Set.
type Cache[V any] struct {
	shards []*shard[V] // a power of two of them
}

// New returns an empty cache that holds at most capacity entries, which take at most that many
// bytes, all shards together. An entry takes what cost returns for its value, always the same for
// one value, and about 130 bytes more. If cost is nil, bytes is ignored: the number is enough of
// a bound for values of one size. New panics if a bound is less than 1. Memory is taken as
// entries come.
//
// There are 64 shards from a capacity of 4096, fewer below. Each has an equal part of both bounds.
// So one may displace entries while another has room: choose a capacity about a third larger than
// the number of entries in use. A value that takes more than the part of one shard is not held.
func New[V any](capacity, bytes int, cost func(V) int) *Cache[V] {
	if capacity < 1 {
		panic(fmt.Sprintf("memcache: capacity is %d, want >= 1", capacity))
	}
	if cost != nil && bytes < 1 {
		panic(fmt.Sprintf("memcache: bytes is %d, want >= 1", bytes))
	}
	n := 1
	for n < maxShards && capacity/(2*n) >= minPerShard {
		n *= 2
	}
	price := func(v V) int { return perEntry + cost(v) }
	if cost == nil {
		price = func(V) int { return 0 }
	}
	c := &Cache[V]{shards: make([]*shard[V], n)}
	for i := range c.shards {
		part := capacity / n
		if i < capacity%n {
			part++
		}
		c.shards[i] = newShard(part, bytes/n, price)
	}
	return c
}

// Get returns the value of k. It returns false if there is no entry, or if its time is over at now.
// It allocates nothing, excludes no other reader and marks the entry as used.
func (c *Cache[V]) Get(k Key, now time.Duration) (v V, ok bool) {
	x, ok := c.shard(k).entries.Get(string(k[:])) // not shard.get: the compiler does not inline it
	if !ok {
		return v, false
	}
	e := x.(*entry[V])
	state := e.state.Load()
	if over(state, now) {
		return v, false
	}
	// Only once: a store, even of the same value, takes the cache line away from every other core
	// that reads this entry.
	if state&usedBit == 0 {
		e.markUsed()
	}
	return e.value, true
}

// Set stores v under k until until and replaces what was there. If there is no room, it displaces
// entries that are expired or not in use. If until is not after now, or if v takes more bytes
// than a shard may hold, Set stores nothing and removes what was there.
func (c *Cache[V]) Set(k Key, v V, now, until time.Duration) {
	if until <= now {
		c.Delete(k)
		return
	}
	c.shard(k).set(k, v, now, until)
}

// Hold stores v as an expired entry: Get does not return it, but Held reports k. The entry stays
// until its room is needed, as other expired entries do.
func (c *Cache[V]) Hold(k Key, v V, now time.Duration) {
	c.shard(k).set(k, v, now, ended)
}

// Held reports whether there is an entry of k, expired or not. It does not mark the entry as used,
// and excludes no reader.
func (c *Cache[V]) Held(k Key) bool {
	return c.shard(k).get(k) != nil
}

// Delete removes the entry of k, if there is one.
func (c *Cache[V]) Delete(k Key) {
	c.shard(k).remove(k)
}

// Len returns the number of entries held. Expired ones count until they are displaced, replaced or
// deleted. It excludes no reader, and its result is never more than the capacity.
func (c *Cache[V]) Len() int {
	n, _ := c.stats()
	return n
}

// Bytes returns what the entries take by the cost given to [New], expired ones included; 0 if there
// was none. It excludes no reader, and its result is never more than the bound.
func (c *Cache[V]) Bytes() int64 {
	_, n := c.stats()
	return n
}

// stats adds up the counters of the shards.
func (c *Cache[V]) stats() (entries int, bytes int64) {
	for _, s := range c.shards {
		s.mu.Lock()
		entries += s.count
		bytes += int64(s.held)
		s.mu.Unlock()
	}
	return entries, bytes
}

// shard returns the shard of k. Keys are uniformly distributed, so any byte of them will do.
func (c *Cache[V]) shard(k Key) *shard[V] {
	return c.shards[int(k[0])&(len(c.shards)-1)]
}
