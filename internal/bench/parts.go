package main

import (
	"context"
	"net/http"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

// measureParts measures each thing that a hit has to do by itself. What is left over between their sum and core.Authorize is
// the decision: finding the token in the field, exp and the like, scope, and the calls between them.
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
	cache := memcache.New[int](50_000)
	key := memcache.Key(hash.sum(signed))
	cache.Set(key, new(int), time.Hour)
	other := memcache.Key(hash.sum(opaqueToken))
	header := http.Header{"Authorization": {"Bearer " + signed}}
	begun := time.Now()
	all := []contender{
		authorize("core.Authorize, 900-byte token", v, signed),
		authorize("core.Authorize, 36-byte token", v, opaqueToken),
		loop("GMAC of 900 bytes", func() { keySink = hash.sum(signed) }),
		loop("GMAC of 36 bytes", func() { keySink = hash.sum(opaqueToken) }),
		loop("our cache, hit", func() { _, boolSink = cache.Get(key) }),
		loop("our cache, miss", func() { _, boolSink = cache.Get(other) }),
		loop("time.Now", func() { timeSink = time.Now() }),
		loop("time.Since (monotonic only)", func() { durationSink = time.Since(begun) }),
		loop("header field by the map", func() { valuesSink = header["Authorization"] }),
		loop("core.NewContext (1 allocation)", func() { contextSink = core.NewContext(context.Background(), principal) }),
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

// Sinks keep the compiler from dropping what is measured.
var (
	keySink      cacheKey
	boolSink     bool
	timeSink     time.Time
	durationSink time.Duration
	valuesSink   []string
	contextSink  context.Context
	principal    core.Principal
)

func loop(name string, f func()) contender {
	return contender{name, func(n int) {
		for range n {
			f()
		}
	}}
}
