// Package memcache is a bounded, sharded cache in memory over [go-cache].
//
// go-cache gives the map and its lock; this package gives what it lacks: a
// bound, in entries and in bytes. Each shard keeps its entries in a ring with a
// second-chance bit (CLOCK), so a flood of keys nobody asks for again displaces
// itself and leaves the entries in use alone, at a constant cost per displaced
// entry and with no goroutine.
//
//	c := memcache.New(10_000, 64<<20, (*Claims).Size)
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

// Cache holds values of type V, bounded in number and in bytes. Make one with
// [New]; the zero Cache is not usable. Its methods are safe for concurrent use.
//
// Values are shared, not copied: once given to Set they must not change.
type Cache[V any] struct {
	shards []*shard[V] // a power of two of them
	cost   func(V) int // nil: nothing is counted
}

// New returns an empty cache that holds at most capacity entries, which take at
// most that many bytes, all shards together. An entry takes what cost returns for
// its value, and about 160 bytes besides. If cost is nil, bytes is ignored:
// values of one size are bounded by their number. New panics if a bound is less
// than 1. Memory is taken as entries come, not up front.
//
// Every shard (64 of them from a capacity of 4096, fewer below) has an equal
// part of both bounds, so one may displace entries while another has room; leave
// about a third more than is in use. A value that takes more than the part of
// one shard is not held.
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
	c := &Cache[V]{shards: make([]*shard[V], n), cost: cost}
	for i := range c.shards {
		part := capacity / n
		if i < capacity%n {
			part++
		}
		c.shards[i] = newShard[V](part, bytes/n)
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

// Set stores v under k until until and replaces what was there. Where there is
// no room it displaces entries whose time is over or that are not in use. If
// until is not after now, or v takes more bytes than a shard may hold, Set stores
// nothing and removes what was there.
func (c *Cache[V]) Set(k Key, v V, now, until time.Duration) {
	if until <= now {
		c.Delete(k)
		return
	}
	c.shard(k).set(k, v, c.price(v), now, until)
}

// Hold is Set with a time that is over: Get does not return v, but Held reports
// k. The entry stays until the room is needed, as those do whose time is over.
func (c *Cache[V]) Hold(k Key, v V, now time.Duration) {
	c.shard(k).set(k, v, c.price(v), now, ended)
}

// Held reports whether there is an entry of k, whether or not its time is over.
// It does not mark it as used, and excludes no reader.
func (c *Cache[V]) Held(k Key) bool {
	_, held := c.shard(k).entries.Get(string(k[:]))
	return held
}

// price is what an entry of v takes, in bytes.
func (c *Cache[V]) price(v V) int {
	if c.cost == nil {
		return 0
	}
	return perEntry + c.cost(v)
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

// shard relies on keys being uniform: any byte of them will do.
func (c *Cache[V]) shard(k Key) *shard[V] {
	return c.shards[int(k[0])&(len(c.shards)-1)]
}
