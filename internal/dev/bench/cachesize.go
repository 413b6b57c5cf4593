package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	"github.com/maypok86/otter/v2"
	gocache "github.com/patrickmn/go-cache"

	"github.com/mfpguard/mfpguard/internal/memcache"
)

// A store is a cache under test.
type store struct {
	name string
	get  func(k cacheKey) (*int, bool)
	set  func(k cacheKey, v *int)
}

// stores returns the caches that are compared, each with room for one and a half times n entries.
// In all of them entries expire.
func stores(n int) ([]store, error) {
	room := n + n/2
	ours := memcache.New[*int](room, 0, nil)
	pieces := newSharded()
	single := gocache.New(time.Hour, 0)
	viaOtter, err := otter.New(&otter.Options[cacheKey, *int]{
		MaximumSize: room, ExpiryCalculator: otter.ExpiryWriting[cacheKey, *int](time.Hour),
	})
	if err != nil {
		return nil, err
	}
	viaRistretto, err := ristretto.NewCache(&ristretto.Config[string, *int]{
		NumCounters: int64(10 * room), MaxCost: int64(room), BufferItems: 64, IgnoreInternalCost: true,
	})
	if err != nil {
		return nil, err
	}
	return []store{
		{"ours", func(k cacheKey) (*int, bool) { return ours.Get(k, time.Since(epoch)) }, func(k cacheKey, v *int) { ours.Set(k, v, time.Since(epoch), 100*time.Hour) }},
		{"sharded go-cache", func(k cacheKey) (*int, bool) { return value(pieces.get(k)) }, func(k cacheKey, v *int) { pieces.set(k, v) }},
		{"one go-cache", func(k cacheKey) (*int, bool) { return value(single.Get(string(k[:]))) }, func(k cacheKey, v *int) {
			single.Set(string(k[:]), v, time.Hour)
		}},
		{"otter v2", viaOtter.GetIfPresent, func(k cacheKey, v *int) { viaOtter.Set(k, v) }},
		{"ristretto v2", func(k cacheKey) (*int, bool) { return viaRistretto.Get(string(k[:])) }, func(k cacheKey, v *int) {
			viaRistretto.SetWithTTL(string(k[:]), v, 1, time.Hour)
		}},
	}, nil
}

func value(x any, ok bool) (*int, bool) {
	v, _ := x.(*int)
	return v, ok
}

var epoch = time.Now()

// keys are n keys as a keyed hash makes them: uniformly distributed.
func keys(n int) []cacheKey {
	random := rand.NewChaCha8([32]byte{})
	out := make([]cacheKey, n)
	for i := range out {
		binary.LittleEndian.PutUint64(out[i][:8], random.Uint64())
		binary.LittleEndian.PutUint64(out[i][8:], random.Uint64())
	}
	return out
}

// mixed is a contender in which g goroutines read uniformly chosen keys, and write one in a
// hundred. A uniform choice is the worst case for every cache, the processor's included.
func mixed(c store, keys []cacheKey, g int) contender {
	return contender{c.name, func(n int) {
		share(g, n, func(_, n int) {
			random := rand.New(rand.NewPCG(rand.Uint64(), 1))
			v := new(int)
			for i := range n {
				k := keys[random.IntN(len(keys))]
				if i%100 == 99 {
					c.set(k, v)
				} else if found, ok := c.get(k); ok {
					*v += *found // so that the value is fetched from memory
				}
			}
		})
	}}
}

// parallel names the numbers of goroutines.
var parallel = []int{1, 2, 8}

// targetEntries is the number of entries that the target is about.
const targetEntries = 128_000

func measureCacheSize(s settings) (*result, error) {
	r := newResult("entries, goroutines", "ours", "sharded go-cache (floor)", "one go-cache", "otter v2", "ristretto v2", "ours over the floor")
	for _, n := range of(s, []int{1000, 50_000, targetEntries, 1_000_000}, []int{1000, 5000}) {
		all, err := stores(n)
		if err != nil {
			return nil, err
		}
		keys := keys(n)
		for _, c := range all {
			for _, k := range keys {
				c.set(k, new(int))
			}
		}
		time.Sleep(of(s, 100*time.Millisecond, time.Millisecond)) // ristretto and otter write behind
		for _, g := range parallel {
			contenders := make([]contender, len(all))
			for i, c := range all {
				contenders[i] = mixed(c, keys, g)
			}
			l := race(s, contenders...)
			cells := []string{fmt.Sprintf("%s, %d", count(float64(n)), g)}
			for i := range all {
				cells = append(cells, ns(l.ns(i)))
			}
			r.row(append(cells, times(l.over(0, 1)))...)
			if n == targetEntries && g == 2 {
				r.atMost("cache hit, 2 goroutines, 1 % writes, 128 000 entries, over the sharded floor", l.over(0, 1), 1.3, times)
			}
		}
		r.note("%s entries: a hit ratio of %s.", count(float64(n)), hitRatios(all, keys))
	}
	r.note("Times are of the clock on the wall, for one operation of them all: two goroutines on two cores halve them at best.")
	return r, nil
}

// hitRatios returns, as text, the share of the stored entries that each cache still has.
func hitRatios(all []store, keys []cacheKey) string {
	text := ""
	for i, c := range all {
		hits := 0
		for _, k := range keys {
			if _, ok := c.get(k); ok {
				hits++
			}
		}
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %s", c.name, percent(float64(hits)/float64(len(keys))))
	}
	return text
}
