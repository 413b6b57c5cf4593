package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/mfpguard/mfpguard/tokensource"
)

// A source hands out our own token.
type source struct {
	name  string
	token func() error
}

// issuing makes tokens that live for lifetime. It is slow for all except the first.
type issuing struct {
	lifetime, takes time.Duration
	issued          atomic.Int64
}

func (i *issuing) next() (string, time.Time) {
	if i.issued.Add(1) > 1 {
		time.Sleep(i.takes)
	}
	return "token", time.Now().Add(i.lifetime)
}

// sources returns our source and that of x/oauth2. Both renew when a fifth of the lifetime is left.
func sources(lifetime, takes time.Duration) []source {
	forUs, forThem := &issuing{lifetime: lifetime, takes: takes}, &issuing{lifetime: lifetime, takes: takes}
	ours := tokensource.Func(func(context.Context) (tokensource.Token, error) {
		token, end := forUs.next()
		return tokensource.Token{AccessToken: tokensource.Secret(token), ExpiresAt: end}, nil
	})
	theirs := oauth2.ReuseTokenSourceWithExpiry(nil, fetcher(func() (*oauth2.Token, error) {
		token, end := forThem.next()
		return &oauth2.Token{AccessToken: token, Expiry: end}, nil
	}), lifetime/5)
	ctx := context.Background()
	return []source{
		{"ours", func() error { _, err := ours.Token(ctx); return err }},
		{"x/oauth2 ReuseTokenSource", func() error { _, err := theirs.Token(); return err }},
	}
}

type fetcher func() (*oauth2.Token, error)

func (f fetcher) Token() (*oauth2.Token, error) { return f() }

// hits is a contender that takes the token in g goroutines at once.
func hits(name string, g int, take func() error) contender {
	return contender{name, func(n int) {
		share(g, n, func(_, n int) {
			for range n {
				if err := take(); err != nil {
					panic(err)
				}
			}
		})
	}}
}

// perTick is how many requests want the token each millisecond.
const perTick = 32

// waits returns how long each request of a steady stream waits for the token while it is renewed
// once. Requests keep coming while others wait.
func waits(s source, lifetime time.Duration) []time.Duration {
	_ = s.token() // the first one is not what is measured
	ticks := int(lifetime / time.Millisecond)
	all := make([]time.Duration, ticks*perTick)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	var wg sync.WaitGroup
	for i := range all {
		if i%perTick == 0 {
			<-ticker.C
		}
		wg.Go(func() {
			begun := time.Now()
			_ = s.token()
			all[i] = time.Since(begun)
		})
	}
	wg.Wait()
	return all
}

func measureTokenSource(s settings) (*result, error) {
	r := newResult("", "ours", "x/oauth2", "an atomic load")
	long := sources(time.Hour, 0)
	var current atomic.Pointer[source]
	current.Store(&long[0])
	load := func() error {
		if current.Load() == nil {
			panic("nothing there")
		}
		return nil
	}
	cores := runtime.GOMAXPROCS(0)
	for _, g := range []int{1, cores} {
		all := []contender{hits(long[0].name, g, long[0].token), hits(long[1].name, g, long[1].token), hits("", g, load)}
		l := race(s, all...)
		r.row("hit, "+count(float64(g))+" goroutines", ns(l.ns(0)), ns(l.ns(1)), ns(l.ns(2)))
		if g == cores {
			r.atMost("token source hit, parallel", l.ns(0), 20, ns)
		}
	}
	once := func(c source) float64 { return testing.AllocsPerRun(200, func() { _ = c.token() }) }
	r.facts["allocations"] = once(long[0])
	r.row("allocations a hit", count(once(long[0])), count(once(long[1])), "0")
	r.atMost("token source hit, allocations", once(long[0]), 0, count)

	lifetime, takes := of(s, 1500*time.Millisecond, 100*time.Millisecond), of(s, 200*time.Millisecond, 15*time.Millisecond)
	var p99, longest [2][]float64
	for range s.rounds {
		var wg sync.WaitGroup
		for i, c := range sources(lifetime, takes) {
			wg.Go(func() {
				w := waits(c, lifetime)
				p99[i], longest[i] = append(p99[i], float64(quantile(w, 0.99))), append(longest[i], float64(quantile(w, 1)))
			})
		}
		wg.Wait()
	}
	renewal := "a renewal of " + takes.String()
	r.row("p99 wait around "+renewal, ns(median(p99[0])), ns(median(p99[1])), "")
	r.row("longest wait around "+renewal, ns(median(longest[0])), ns(median(longest[1])), "")
	r.note("Hits: time on the wall for one of them all. Renewal: %d new requests want the token each millisecond, for as long as a token lives.", perTick)
	r.atMost("Token() during a renewal of 200 ms, p99", median(p99[0]), 5e3, ns)
	return r, nil
}
