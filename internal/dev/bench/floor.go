package main

import (
	"crypto/aes"
	"crypto/cipher"
	"sync"
	"time"
	"unsafe"

	gocache "github.com/patrickmn/go-cache"
)

// cacheKey is the type of the keys of all caches.
type cacheKey = [16]byte

// gmac is the keyed hash of a token, in its plainest form. No hit can avoid it.
type gmac struct {
	aead cipher.AEAD
	pool sync.Pool
}

type gmacScratch struct {
	nonce [12]byte
	tag   [16]byte
}

func newGMAC() (*gmac, error) {
	block, err := aes.NewCipher(make([]byte, 16)) // the speed does not depend on the key
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &gmac{aead: aead, pool: sync.Pool{New: func() any { return new(gmacScratch) }}}, err
}

func (g *gmac) sum(token string) cacheKey {
	s := g.pool.Get().(*gmacScratch)
	g.aead.Seal(s.tag[:0], s.nonce[:], nil, unsafe.Slice(unsafe.StringData(token), len(token)))
	key := s.tag
	g.pool.Put(s)
	return key
}

// sharded is go-cache in 64 pieces, without a bound. No concurrent cache over go-cache can do less.
type sharded [64]*gocache.Cache

func newSharded() *sharded {
	s := new(sharded)
	for i := range s {
		s[i] = gocache.New(time.Hour, 0)
	}
	return s
}

func (s *sharded) get(k cacheKey) (any, bool) { return s[k[0]%64].Get(string(k[:])) }

func (s *sharded) set(k cacheKey, v any) { s[k[0]%64].Set(string(k[:]), v, time.Hour) }

// floor is a guard that decides nothing: it only looks up until when the token is good.
type floor struct {
	hash  *gmac
	cache *sharded
}

type floorEntry struct{ until time.Time }

func newFloor(tokens ...string) (*floor, error) {
	hash, err := newGMAC()
	if err != nil {
		return nil, err
	}
	f := &floor{hash: hash, cache: newSharded()}
	for _, t := range tokens {
		f.cache.set(hash.sum(t), &floorEntry{time.Now().Add(time.Hour)})
	}
	return f, nil
}

func (f *floor) check(token string) bool {
	e, ok := f.cache.get(f.hash.sum(token))
	return ok && time.Now().Before(e.(*floorEntry).until)
}
