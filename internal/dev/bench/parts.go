package main

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

// measureParts measures each part of a hit alone. The difference between their sum and
// core.Authorize is the decision: to find the token in the header field, to check exp, scope and
// others, and the calls between them.
func measureParts(s settings) (*result, error) {
	rs, _, err := newSigners()
	if err != nil {
		return nil, err
	}
	signed, err := rs.token(signedSize)
	if err != nil {
		return nil, err
	}
	v, err := guarded(signed, opaqueToken)
	if err != nil {
		return nil, err
	}
	hash, err := newGMAC()
	if err != nil {
		return nil, err
	}
	cache := memcache.New[*int](50_000, 0, nil)
	key := memcache.Key(hash.sum(signed))
	cache.Set(key, new(int), 0, time.Hour)
	other := memcache.Key(hash.sum(opaqueToken))
	header := http.Header{"Authorization": {"Bearer " + signed}}
	begun := time.Now()
	all := []contender{
		authorize("core.Authorize, 900-byte token", v, signed),
		authorize("core.Authorize, 36-byte token", v, opaqueToken),
		loop("GMAC of 900 bytes", func() cacheKey { return hash.sum(signed) }),
		loop("GMAC of 36 bytes", func() cacheKey { return hash.sum(opaqueToken) }),
		loop("our cache, hit", func() *int { v, _ := cache.Get(key, 1); return v }),
		loop("our cache, miss", func() *int { v, _ := cache.Get(other, 1); return v }),
		loop("time.Now", time.Now),
		loop("time.Since (monotonic only)", func() time.Duration { return time.Since(begun) }),
		loop("header field by the map", func() []string { return header["Authorization"] }),
		loop("core.NewContext (1 allocation)", func() context.Context { return core.NewContext(context.Background(), core.Principal{}) }),
	}
	l := race(s, all...)
	r := newResult("part", "time", "of a hit with 900 bytes")
	for i, c := range all {
		r.row(c.name, ns(l.ns(i)), percent(l.over(i, 0)))
	}
	rest := l.ns(0) - l.ns(2) - l.ns(4) - l.ns(6)
	r.row("what is left of a hit without GMAC, cache and clock", ns(rest), percent(rest/l.ns(0)))
	return r, nil
}

// loop is a contender that calls f. It uses the result, so that the compiler cannot omit the call.
func loop[T any](name string, f func() T) contender {
	return contender{name, func(n int) {
		var last T
		for range n {
			last = f()
		}
		runtime.KeepAlive(last)
	}}
}
