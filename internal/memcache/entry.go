package memcache

import (
	"math"
	"sync/atomic"
	"time"
	"unsafe"
)

// entry is what go-cache holds. Readers need no lock except go-cache's: an entry is immutable but
// for its used bit, and a replacement is a new entry. The value and the bytes of the key are part
// of it, so a hit touches less memory. Its size matters: with one byte more than 48 it would take
// 64.
type entry[V any] struct {
	key   Key // go-cache's map holds a string of these bytes, see name
	value V
	state atomic.Int64 // until and the used bit, see usedBit

	next, prev *entry[V] // in the ring; guarded by shard.mu
}

// perEntry is what an entry takes besides its value, in bytes: 48 for itself (with a value of one
// word), and its share of go-cache's map. There a slot is 48: a string header of 16, an item of 24
// and a control byte, rounded up by the allocator. The maps of a cache with many entries are 44 to
// 88 % full, so a share is 55 to 110.
const perEntry = 48 + 80

// newEntry returns an entry that is in no ring.
func newEntry[V any](k Key, v V, until time.Duration) *entry[V] {
	e := &entry[V]{value: v, key: k}
	e.state.Store(int64(min(max(until, ended), endless)) << 1)
	return e
}

// The bits of entry.state: the lowest is set when the entry is used, the others are until when it
// lives, on the caller's clock.
const (
	usedBit = 1
	// ended is a time that is over at all times, endless one that comes after 146 years.
	ended   time.Duration = math.MinInt64 >> 1
	endless time.Duration = math.MaxInt64 >> 1
)

// over reports whether the time in a state is over.
func over(state int64, now time.Duration) bool { return now >= time.Duration(state>>1) }

func (e *entry[V]) used() bool { return e.state.Load()&usedBit != 0 }

func (e *entry[V]) markUsed() { e.state.Or(usedBit) }

func (e *entry[V]) clearUsed() { e.state.And(^usedBit) }

// name returns the key as a string for go-cache. It is not a copy, which would take 32 bytes more:
// the bytes are those of the entry, which never change.
func (e *entry[V]) name() string { return unsafe.String(&e.key[0], len(e.key)) }
