package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// warm returns a Verifier that remembers an active token of n bytes and an inactive one, as header values.
func warm(tb testing.TB, n int) (v *core.Verifier, good, bad []string) {
	tb.Helper()
	srv := coretest.New()
	tok := strings.Repeat("a", n)
	srv.SetAnswer(tok, withUser)
	never := withTTL(1<<63-1, 1<<63-1)
	v = mobileFirst(tb, srv, never)
	good, bad = bearer(tok), bearer(strings.Repeat("b", n))
	if _, d := authorize(tb.Context(), v, good, core.AllOf("accessRestricted")); d != nil {
		tb.Fatal(d.Cause)
	}
	authorize(tb.Context(), v, bad, core.Authenticated())
	return v, good, bad
}

func mustGuard(tb testing.TB, v *core.Verifier) *core.Guard {
	tb.Helper()
	g, err := v.Guard(core.AllOf("accessRestricted"))
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func BenchmarkHit(b *testing.B) {
	for _, n := range []int{36, 900} {
		b.Run(fmt.Sprintf("%d bytes", n), func(b *testing.B) {
			v, good, _ := warm(b, n)
			guard := mustGuard(b, v)
			b.ReportAllocs()
			for b.Loop() {
				guard.Authorize(b.Context(), core.Request{Authorization: good})
			}
		})
	}
}

func BenchmarkHitParallel(b *testing.B) {
	v, good, _ := warm(b, 900)
	guard := mustGuard(b, v)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			guard.Authorize(b.Context(), core.Request{Authorization: good})
		}
	})
}

func BenchmarkNegativeHit(b *testing.B) {
	v, _, bad := warm(b, 900)
	guard := mustGuard(b, v)
	b.ReportAllocs()
	for b.Loop() {
		guard.Authorize(b.Context(), core.Request{Authorization: bad})
	}
}

// BenchmarkMiss is a call through the HTTP client, to a transport that answers at once.
func BenchmarkMiss(b *testing.B) {
	a := newAsker()
	a.set("t", accepted("accessRestricted"))
	v := rfc7662(b, a, withTTL(0, 0))
	guard := mustGuard(b, v)
	b.ReportAllocs()
	for b.Loop() {
		if _, d := guard.Authorize(b.Context(), core.Request{Authorization: bearer("t")}); d != nil {
			b.Fatal(d.Cause)
		}
		a.asked = a.asked[:0]
	}
}
