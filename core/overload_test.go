package core_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// AV-06: a flood of unique garbage does not starve the tokens that were active before, and leaves
// new ones their share.
func TestStrangersDoNotStarveTheKnown(t *testing.T) {
	for _, flood := range []int{2000, 4000} {
		for _, ttl := range []time.Duration{time.Second, 0} {
			t.Run(fmt.Sprint(flood, "/s, TTL ", ttl), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const latency = 50 * time.Millisecond
					srv := coretest.New()
					v := mobileFirst(t, srv, withTTL(ttl, 5*time.Second))
					members := make([]string, 100)
					for i := range members {
						members[i] = srv.Mint(coretest.Grant{})
						authorize(t.Context(), v, bearer(members[i]), core.Authenticated())
					}
					time.Sleep(2 * time.Second) // their entries have ended
					srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(latency))
					var garbage, known, fresh tally
					step := time.Second / time.Duration(flood)
					every(step, 4*time.Second, func(i int) {
						garbage.send(t, v, fmt.Sprint("garbage", i), core.Authenticated())
						if i%(flood/25) == 0 {
							known.send(t, v, members[i/(flood/25)], core.Authenticated())
							fresh.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated())
						}
					})
					if got := known.share("ok"); got < 0.99 {
						t.Errorf("%.1f %% of the known got in", 100*got)
					}
					if p99 := known.percentile(0.99); p99 > 3*latency {
						t.Errorf("the known waited up to %v, want %v", p99, 3*latency)
					}
					share := 48 / latency.Seconds() / float64(flood+25)
					if got := fresh.share("ok"); got < 0.8*share {
						t.Errorf("%.1f %% of the new good ones got in, their share is %.1f %%", 100*got, 100*share)
					}
					garbage.all.Wait()
					time.Sleep(time.Second)
				})
			})
		}
	}
}

// AV-01: tokens that hang, at a rate, give their calls to others within a quarter of a second each.
func TestTokensThatHangAtARate(t *testing.T) {
	for _, tt := range []struct{ inFlight, rate int }{{64, 125}, {0, 125}} {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = tt.inFlight })
			srv.Inject(coretest.Introspection, coretest.Always, forTokens("bad", 20*time.Millisecond, coretest.Hang()))
			var others, hostile tally
			every(time.Second/time.Duration(tt.rate), 10*time.Second, func(i int) {
				hostile.send(t, v, fmt.Sprint("bad", i), core.Authenticated())
				if i%(tt.rate/25) == 0 {
					others.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated())
				}
			})
			if got := others.share("ok"); got < 0.99 {
				t.Errorf("%d hanging tokens a second: %.1f %% of the others got in", tt.rate, 100*got)
			}
			if p99 := others.percentile(0.99); p99 > 500*time.Millisecond {
				t.Errorf("%d hanging tokens a second: the others waited up to %v", tt.rate, p99)
			}
			hostile.all.Wait()
			time.Sleep(10 * time.Second)
		})
	}
}

// AV-06: who is known does not get in the way of who is not, as long as the server keeps up, and a
// revoked token is known no longer.
func TestWhoIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, withTTL(time.Second, 0), func(c *core.Config) { c.MaxInFlight = 4 })
		revoked, ended, member := srv.Mint(coretest.Grant{}), srv.Mint(coretest.Grant{Lifetime: time.Second}), srv.Mint(coretest.Grant{})
		for _, tok := range []string{revoked, ended, member} {
			authorize(t.Context(), v, bearer(tok), core.Authenticated())
		}
		time.Sleep(2 * time.Second)
		srv.Revoke(revoked)
		for _, tok := range []string{revoked, ended} {
			if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); outcome(d) != invalidToken {
				t.Errorf("got %s", outcome(d))
			}
		}
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(time.Second))
		for i := range 4 {
			go authorize(t.Context(), v, bearer(fmt.Sprint("garbage", i)), core.Authenticated())
			synctest.Wait()
		}
		for tok, isKnown := range map[string]bool{revoked: false, ended: false, member: true} {
			go func() {
				begun := time.Now()
				authorize(t.Context(), v, bearer(tok), core.Authenticated())
				if took := time.Since(begun); (took == time.Second) != isKnown { // at once, or behind the garbage
					t.Errorf("known %v: waited %v", isKnown, took)
				}
			}()
		}
		time.Sleep(10 * time.Second)
	})
}

// AV-15: new good users come first when a burst of garbage waits: the newest caller is served
// first.
func TestNewUsersBehindABurst(t *testing.T) {
	for burst, limit := range map[int]time.Duration{500: 100 * time.Millisecond, 3000: 250 * time.Millisecond} {
		t.Run(fmt.Sprint(burst), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				authorize(t.Context(), v, bearer("warm"), core.Authenticated())
				srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(50*time.Millisecond))
				var garbage, users tally
				for i := range burst {
					garbage.send(t, v, fmt.Sprint("garbage", i), core.Authenticated())
				}
				synctest.Wait()
				time.Sleep(time.Millisecond)
				every(40*time.Millisecond, 4*time.Second, func(i int) { users.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated()) })
				if got := users.share("ok"); got != 1 {
					t.Errorf("%.1f %% of the new users got in", 100*got)
				}
				if p50 := users.percentile(0.5); p50 > limit {
					t.Errorf("half of the new users waited %v, want at most %v", p50, limit)
				}
				if p99 := users.percentile(0.99); p99 > 150*time.Millisecond {
					t.Errorf("a new user waited %v", p99)
				}
				if got := srv.MaxConcurrent(coretest.Introspection); got > 1024 {
					t.Errorf("%d calls at once", got)
				}
				if got := garbage.share(invalidToken) + garbage.share("503"); got != 1 {
					t.Errorf("the garbage got %v", garbage.ended)
				}
			})
		})
	}
}

// AV-15: the same when as many clients send garbage all the time, each the next one as soon as it
// is answered.
func TestNewUsersBesideACrowd(t *testing.T) {
	for clients, limit := range map[int]time.Duration{500: 100 * time.Millisecond, 3000: 250 * time.Millisecond} {
		t.Run(fmt.Sprint(clients), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				authorize(t.Context(), v, bearer("warm"), core.Authenticated())
				srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(50*time.Millisecond))
				begun := time.Now()
				const duration = 1500 * time.Millisecond
				var crowd sync.WaitGroup
				for c := range clients {
					crowd.Go(func() {
						for i := 0; time.Since(begun) < duration; i++ {
							if _, d := authorize(t.Context(), v, bearer(fmt.Sprintf("garbage%d-%d", c, i)), core.Authenticated()); d.Status == 503 {
								time.Sleep(200 * time.Millisecond) // it was told 5s
							}
						}
					})
					if c%100 == 0 {
						time.Sleep(time.Millisecond)
					}
				}
				var users tally
				every(40*time.Millisecond, duration, func(i int) { users.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated()) })
				if got := users.share("ok"); got != 1 {
					t.Errorf("%.1f %% of the new users got in", 100*got)
				}
				if p50 := users.percentile(0.5); p50 > limit {
					t.Errorf("half of the new users waited %v, want at most %v", p50, limit)
				}
				crowd.Wait()
				if got := srv.MaxConcurrent(coretest.Introspection); got > 1024 {
					t.Errorf("%d calls at once", got)
				}
				time.Sleep(5 * time.Second)
			})
		})
	}
}

// AV-07: 2 048 callers wait for a slot at most; for all beyond there is 503 at once.
func TestWaitingCallersAreBounded(t *testing.T) {
	const inFlight, waiting = 48, 2048
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		hang(srv)
		var callers tally
		for i := range 20_000 {
			callers.send(t, v, fmt.Sprint("t", i), core.Authenticated())
		}
		synctest.Wait()
		callers.mu.Lock()
		if got, want := callers.ended["503"], 20_000-inFlight-waiting; got != want {
			t.Errorf("%d were refused at once, want %d", got, want)
		}
		callers.mu.Unlock()
		if got := callers.share("503"); got != 1 {
			t.Errorf("got %v", callers.ended)
		}
		if last := callers.percentile(1); last > 5100*time.Millisecond {
			t.Errorf("a caller waited %v", last)
		}
		time.Sleep(10 * time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		hang(srv)
		before := memory()
		var callers tally
		for i := range inFlight + waiting {
			callers.send(t, v, fmt.Sprint("t", i), core.Authenticated())
		}
		synctest.Wait()
		grown := memory() - before
		t.Logf("those who wait take %.1f MiB", float64(grown)/(1<<20))
		if limit := 50 << 20; grown > limit && !raceDetector {
			t.Errorf("those who wait take %d MiB, want at most %d", grown>>20, limit>>20)
		}
		callers.all.Wait()
		time.Sleep(10 * time.Second)
	})
}

// memory is what heap and stacks take.
func memory() int {
	runtime.GC()
	runtime.GC() // stacks of goroutines that have ended are given back in a second round
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

// AV-08: one good token on a MaxAge(0) route cannot multiply itself, and leaves the others alone.
func TestOneTokenCannotMultiplyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency, load = 50 * time.Millisecond, 6000
		srv := coretest.New()
		v := mobileFirst(t, srv)
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(latency))
		tok := srv.Mint(coretest.Grant{})
		var one, others tally
		begun := time.Now()
		every(100*time.Microsecond, load*100*time.Microsecond, func(i int) {
			one.send(t, v, tok, core.Authenticated().MaxAge(0))
			if i%120 == 0 {
				others.send(t, v, srv.Mint(coretest.Grant{}), core.Authenticated())
			}
		})
		took := time.Since(begun)
		if one.share("ok") != 1 || others.share("ok") != 1 {
			t.Errorf("got %v, others %v", one.ended, others.ended)
		}
		calls, limit := srv.Calls().Introspection-len(others.waits), 2*int(took/latency)+2
		if calls > limit {
			t.Errorf("%d calls for one token in %v, want at most %d", calls, took, limit)
		}
		if last := one.percentile(1); last > 3*latency {
			t.Errorf("a request waited %v", last)
		}
	})
}

// AV-09: beside overlapping MaxAge(0) calls a plain route sees a revocation as soon as the server
// has told it.
func TestPlainRouteSeesARevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		slow := false
		var mu sync.Mutex
		srv.Inject(coretest.Introspection, coretest.Always, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			mu.Lock()
			d := 50 * time.Millisecond
			if slow = !slow; slow {
				d = 120 * time.Millisecond // so that answers overtake each other
			}
			mu.Unlock()
			next.ServeHTTP(w, r) // as it was when it was asked
			time.Sleep(d)
		})
		tok := srv.Mint(coretest.Grant{})
		var fresh, plain tally
		var told time.Time
		every(10*time.Millisecond, time.Second, func(int) { fresh.send(t, v, tok, core.Authenticated().MaxAge(0)) })
		srv.Revoke(tok)
		every(10*time.Millisecond, 2*time.Second, func(int) {
			fresh.send(t, v, tok, core.Authenticated().MaxAge(0))
			synctest.Wait()
			fresh.mu.Lock()
			if told.IsZero() && fresh.ended[invalidToken] > 0 {
				told = time.Now()
			}
			fresh.mu.Unlock()
			if !told.IsZero() {
				plain.send(t, v, tok, core.Authenticated())
			}
		})
		if got := plain.share(invalidToken); got != 1 || len(plain.waits) < 100 {
			t.Errorf("%d requests to the plain route got %v, want the revocation in all", len(plain.waits), plain.ended)
		}
		fresh.all.Wait()
		time.Sleep(time.Second)
	})
}

// AV-07: a caller whose context ends while it waits leaves at once.
func TestWaitingCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begun := time.Now()
		concurrently(1000, func(i int) bool {
			authorize(ctx, v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			return true
		})
		if took := time.Since(begun); took != 100*time.Millisecond {
			t.Errorf("they left after %v", took)
		}
		time.Sleep(5 * time.Second)
		if got := srv.Calls().Introspection; got != 1+48 {
			t.Errorf("%d calls, want those that had begun", got)
		}
	})
}
