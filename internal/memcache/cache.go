// Package memcache is a bounded, sharded cache in memory over [go-cache].
//
// go-cache gives the map and its lock; this package gives what it lacks: a
// bound. Each shard keeps its keys in a ring with a second-chance bit
// (CLOCK), so a flood of keys nobody asks for again displaces itself and leaves
// the entries in use alone, at a constant cost per insert and with no goroutine.
//
//	c := memcache.New[*Claims](10_000)
//	now := time.Since(epoch)
//	c.Set(key, &Claims{Subject: "u1"}, now, now+time.Minute)
//	if claims, ok := c.Get(key, time.Since(epoch)); ok {
//		use(claims)
//	}
//
// Keys must be keyed hashes of what they stand for (HMAC or the like, under a
// secret of this process), never the thing itself: a memory dump or a log line
// then holds no usable token, and lookup time tells nothing about a stored one.
// The key also keeps outsiders from choosing where an entry lands: with a plain
// hash they could aim a flood at one shard and evict whatever lives there.
//
// Times are the caller's, counted from an epoch of its own on the monotonic
// clock, which nobody can set back. go-cache's own expiry is not used: it
// follows the wall clock, and would read it once more on each hit. Nothing
// lives for ever all the same: Get checks the time, and the ring is bounded.
//
// [go-cache]: https://pkg.go.dev/github.com/patrickmn/go-cache
package memcache

import (
	"fmt"
	"time"
)

const (
	maxShards = 64
	// minPerShard keeps small caches whole: with a handful of slots a shard,
	// two hot keys that share one would evict each other in an empty cache.
	minPerShard = 64
)

// Key names an entry: a keyed hash, uniformly distributed, never a raw token.
type Key [16]byte

// Cache holds up to a fixed number of values of type V. Make one with [New];
// the zero Cache is not usable. Its methods are safe for concurrent use.
//
// Values are shared, not copied: once given to Set they must not change.
type Cache[V any] struct {
	shards []*shard[V] // a power of two of them
}

// New returns an empty cache that holds at most capacity entries, all shards
// together. It panics if capacity is less than 1. Memory is taken as entries
// come, not up front.
//
// Every shard (64 of them from a capacity of 4096, fewer below) has an equal
// part of the capacity, so one may evict while another has room; leave about a
// third more capacity than entries in use.
func New[V any](capacity int) *Cache[V] {
	if capacity < 1 {
		panic(fmt.Sprintf("memcache: capacity is %d, want >= 1", capacity))
	}
	n := 1
	for n < maxShards && capacity/(2*n) >= minPerShard {
		n *= 2
	}
	c := &Cache[V]{shards: make([]*shard[V], n)}
	for i := range c.shards {
		part := capacity / n
		if i < capacity%n {
			part++
		}
		c.shards[i] = newShard[V](part)
	}
	return c
}

// Get returns what was last Set for k, or false if its time was over before
// now, or it was displaced or never was. It allocates nothing, excludes no
// other reader and marks the entry as used.
func (c *Cache[V]) Get(k Key, now time.Duration) (v V, ok bool) {
	x, ok := c.shard(k).entries.Get(string(k[:]))
	if !ok {
		return v, false
	}
	e := x.(*entry[V])
	if now >= e.until {
		return v, false
	}
	// Load first: a store, even of the same value, takes the cache line away
	// from every other core that reads this entry.
	if !e.used.Load() {
		e.used.Store(true)
	}
	return e.value, true
}

// Set stores v under k until until and replaces what was there. In a full shard
// it displaces an entry whose time is over or that is not in use. If until is
// not after now, Set stores nothing and removes what was there.
func (c *Cache[V]) Set(k Key, v V, now, until time.Duration) {
	if until <= now {
		c.Delete(k)
		return
	}
	c.shard(k).set(k, v, now, until)
}

// Delete removes the entry of k, if there is one.
func (c *Cache[V]) Delete(k Key) {
	c.shard(k).remove(k)
}

// Len returns the number of entries held. Expired ones count until they are
// displaced, replaced or deleted. Under concurrent writes it is a recent value,
// never more than the capacity.
func (c *Cache[V]) Len() int {
	n := 0
	for _, s := range c.shards {
		n += s.entries.ItemCount()
	}
	return n
}

// shard relies on keys being uniform: any byte of them will do.
func (c *Cache[V]) shard(k Key) *shard[V] {
	return c.shards[int(k[0])&(len(c.shards)-1)]
}
