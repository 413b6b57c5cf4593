package core_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// IN-98, IN-99, A38: a server that never answers costs a request five seconds, or what its caller grants.
func TestHungServer(t *testing.T) {
	for _, tt := range []struct {
		name     string
		endpoint coretest.Endpoint
		timeout  time.Duration
		deadline time.Duration
		want     time.Duration
	}{
		{"introspection hangs", coretest.Introspection, 0, 0, 5 * time.Second},
		{"token endpoint hangs", coretest.Token, 0, 0, 5 * time.Second},
		{"shorter timeout", coretest.Introspection, time.Second, 0, time.Second},
		{"the caller's deadline", coretest.Introspection, 0, 50 * time.Millisecond, 50 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv, func(c *core.Config) { c.Timeout = tt.timeout })
				srv.Inject(tt.endpoint, coretest.Always, coretest.Hang())
				ctx := t.Context()
				if tt.deadline > 0 {
					c, cancel := context.WithTimeout(ctx, tt.deadline)
					defer cancel()
					ctx = c
				}
				begun := time.Now()
				_, d := authorize(ctx, v, bearer(t1), core.Authenticated())
				if took := time.Since(begun); outcome(d) != "503" || took > tt.want || took < tt.want*9/10 {
					t.Errorf("got %s after %v, want 503 after %v", outcome(d), took, tt.want)
				}
				time.Sleep(6 * time.Second) // the bubble fails if a goroutine stays
			})
		})
	}
}

// IN-100, AV-06: strangers have three quarters of the calls at once, those who were let in before have all; the others queue.
func TestCallsInFlight(t *testing.T) {
	for most, strangers := range map[int]int{1: 1, 3: 3, 4: 3, 64: 48, 100: 75} {
		t.Run(fmt.Sprint("MaxInFlight ", most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const load = 1000
				srv := coretest.New()
				v := mobileFirst(t, srv, withTTL(0, 0), func(c *core.Config) { c.MaxInFlight = most })
				known := make([]string, 200)
				for i := range known {
					known[i] = srv.Mint(coretest.Grant{})
					authorize(t.Context(), v, bearer(known[i]), core.Authenticated())
				}
				srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(time.Millisecond))
				garbage := func(i int) bool {
					_, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
					return outcome(d) == invalidToken
				}
				if n := concurrently(load, garbage); n != load {
					t.Errorf("%d of %d strangers got their answer", n, load)
				}
				if got := srv.MaxConcurrent(coretest.Introspection); got != strangers {
					t.Errorf("%d calls for strangers at once, want %d", got, strangers)
				}
				if n := concurrently(load, func(i int) bool {
					if i >= len(known) {
						return garbage(i)
					}
					_, d := authorize(t.Context(), v, bearer(known[i]), core.Authenticated())
					return d == nil
				}); n != load {
					t.Errorf("%d of %d got their answer", n, load)
				}
				if got, want := srv.MaxConcurrent(coretest.Introspection), most; got != want {
					t.Errorf("%d calls at once, want %d", got, want)
				}
			})
		})
	}
}

// AV-15: by default it is 64 calls at once, and more only while the server answers as fast as before.
func TestCallsInFlightByDefault(t *testing.T) {
	for _, tt := range []struct {
		name        string
		delay       func(atOnce int) time.Duration
		least, most int
	}{
		{"the server keeps its speed", func(int) time.Duration { return 50 * time.Millisecond }, 1000, 1024},
		{"more than 100 calls slow it down", func(n int) time.Duration { return 50 * time.Millisecond * time.Duration(max(n, 100)) / 100 }, 64, 600},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				var now atomic.Int32
				srv.Inject(coretest.Introspection, coretest.Always, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					defer now.Add(-1)
					coretest.Delay(tt.delay(int(now.Add(1))))(w, r, next)
				})
				if n := concurrently(2000, func(i int) bool {
					for k := range 3 {
						authorize(t.Context(), v, bearer(fmt.Sprintf("t%d-%d", i, k)), core.Authenticated())
					}
					return true
				}); n != 2000 {
					t.Errorf("%d came to an end", n)
				}
				if got := srv.MaxConcurrent(coretest.Introspection); got < tt.least || got > tt.most {
					t.Errorf("%d calls at once, want %d to %d", got, tt.least, tt.most)
				}
				time.Sleep(5 * time.Second)
			})
		})
	}
}

// Requests that queue too long behind a slow server get 503, and go away while there is time for those that are let in. None of that is
// the server's fault: the breaker stays closed.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = 1 })
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(time.Second))
		begun := time.Now()
		n := concurrently(20, func(i int) bool {
			_, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			return outcome(d) == invalidToken
		})
		if n < 2 || n > 3 || time.Since(begun) > 3*time.Second {
			t.Errorf("%d got an answer within %v, want 2 or 3 within 3s", n, time.Since(begun))
		}
		if _, d := authorize(t.Context(), v, bearer("later"), core.Authenticated()); outcome(d) != invalidToken {
			t.Errorf("got %s afterwards, want an answer", outcome(d))
		}
	})
}

// A call that had too little time left, because our own token came late, says nothing about the introspection endpoint.
func TestHurriedCallsDoNotOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.Timeout = 10 * time.Second })
		srv.Inject(coretest.Token, 1, coretest.Delay(5900*time.Millisecond))
		srv.Inject(coretest.Introspection, 20, coretest.Delay(5*time.Second))
		if n := concurrently(20, func(i int) bool {
			_, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			return outcome(d) == "503"
		}); n != 20 {
			t.Fatalf("%d of 20 were in a hurry", n)
		}
		if _, d := authorize(t.Context(), v, bearer("later"), core.Authenticated()); outcome(d) != invalidToken {
			t.Errorf("got %s afterwards, want an answer: %v", outcome(d), d.Cause)
		}
	})
}

// What a server says to one token's length or form must not stop the calls for all others.
func TestStatusesAboutOneTokenDoNotOpenTheBreaker(t *testing.T) {
	for _, status := range []int{400, 413, 414, 422, 431} {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			v := mobileFirst(t, srv)
			srv.Inject(coretest.Introspection, 10, coretest.Status(status))
			for i := range 10 {
				if _, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated()); outcome(d) != "503" {
					t.Fatalf("%d: got %s, want 503", status, outcome(d))
				}
			}
			if _, d := authorize(t.Context(), v, bearer("later"), core.Authenticated()); outcome(d) != invalidToken {
				t.Errorf("after %d: got %s, want an answer", status, outcome(d))
			}
		})
	}
}

// CC-34: a hundred callers with tokens of their own, on a cold start, cost one token of ours.
func TestColdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		srv.Inject(coretest.Token, coretest.Always, coretest.Delay(500*time.Millisecond))
		if n := concurrently(100, func(i int) bool {
			_, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			return outcome(d) == invalidToken
		}); n != 100 {
			t.Errorf("%d of 100 got their answer", n)
		}
		if got, want := srv.Calls(), (coretest.Calls{Token: 1, Introspection: 100}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}
