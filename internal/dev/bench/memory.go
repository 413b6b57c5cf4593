package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	gocache "github.com/patrickmn/go-cache"

	"github.com/mfpguard/mfpguard/core"
)

// numbered returns the nth token of a kind. It is opaque, of the size of a signed one, and made
// anew in each call.
func numbered(kind string, n, size int) string {
	random := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), kind[0]})
	raw := make([]byte, size*3/4)
	_, _ = random.Read(raw) // never fails
	return kind + base64.RawURLEncoding.EncodeToString(raw)[1:]
}

// ask presents tokens from to to-1 of a kind to v, on all cores.
func ask(v *core.Verifier, kind string, from, to, size int) {
	g := runtime.GOMAXPROCS(0)
	share(g, to-from, func(worker, _ int) {
		for i := from + worker; i < to; i += g {
			guardFor(v, requirement).Authorize(context.Background(), present(numbered(kind, i, size)))
		}
	})
}

// growth returns how many bytes of the heap the result of f keeps, for each of n entries.
func growth(n int, f func() (keep any, err error)) (float64, error) {
	before := heapInUse()
	kept, err := f()
	after := heapInUse()
	runtime.KeepAlive(kept)
	return float64(after-before) / float64(n), err
}

// remembering returns the bytes per entry of a verifier that remembers n answers of a kind.
func remembering(kind string, n int) (float64, error) {
	return growth(n, func() (any, error) {
		server := &stub{}
		v, err := verifier(server, func(c *core.Config) {
			c.CacheTTL, c.NegativeTTL = new(time.Hour), new(time.Hour)
			c.CacheEntries, c.NegativeEntries = n+n/3, n+n/3 // so that no shard is full and displaces an entry
		})
		if err != nil {
			return nil, err
		}
		ask(v, kind, 0, n, signedSize)
		if got := server.introspections.Load(); got != int64(n) {
			return nil, fmt.Errorf("%d calls for %d tokens", got, n)
		}
		return v, nil
	})
}

// naive returns the bytes per entry of a plain go-cache of answers, by the token itself or by a
// hash of it.
func naive(n int, key func(token string) string) (float64, error) {
	return growth(n, func() (any, error) {
		c := gocache.New(time.Hour, 0)
		for i := range n {
			c.Set(key(numbered(goodToken, i, signedSize)), strings.Clone(activeAnswer), time.Hour)
		}
		return c, nil
	})
}

func measureMemory(s settings) (*result, error) {
	n := of(s, 50_000, 2000)
	hash, err := newGMAC()
	if err != nil {
		return nil, err
	}
	r := newResult("entry", "heap an entry")
	var found [4]float64
	for i, m := range []struct {
		name string
		of   func() (float64, error)
	}{
		{"ours, active, answer of 600 bytes", func() (float64, error) { return remembering(goodToken, n) }},
		{"ours, inactive", func() (float64, error) { return remembering(garbageToken, n) }},
		{"go-cache of answers under the token itself (900 bytes)", func() (float64, error) {
			return naive(n, func(token string) string { return token })
		}},
		{"go-cache of answers under a 16-byte hash, unbounded", func() (float64, error) {
			return naive(n, func(token string) string { k := hash.sum(token); return string(k[:]) })
		}},
	} {
		if found[i], err = m.of(); err != nil {
			return nil, err
		}
		r.row(m.name, octets(found[i]))
	}
	r.note("%s entries each, through core.Authorize. A verifier that is full of the default 50 000 active and 8 192 inactive answers takes %.0f MiB.",
		count(float64(n)), (50_000*found[0]+8192*found[1])/(1<<20))
	r.facts["active"], r.facts["inactive"] = found[0], found[1]
	r.atMost("memory of an active answer of 600 bytes", found[0], 1024, octets)
	r.atMost("memory of an inactive answer", found[1], 200, octets)
	return r, nil
}
