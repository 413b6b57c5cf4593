package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// IN-88, CC-34: a thousand requests with one new token cost one introspection, and one token of our own.
func TestOneCallForAThousandRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(100*time.Millisecond))
		if ok := concurrently(1000, func(int) bool {
			_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
			return d == nil
		}); ok != 1000 {
			t.Errorf("%d requests passed, want 1000", ok)
		}
		if got := srv.Calls(); got.Introspection != 1 || got.Token != 1 {
			t.Errorf("got %+v, want one of each", got)
		}
	})
}

// The same on the real scheduler, where callers race between the first look and the flight.
func TestOneCallUnderARace(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	for range 20 {
		before := srv.Calls().Introspection
		tok := srv.Mint(coretest.Grant{})
		concurrently(200, func(int) bool {
			_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
			return d == nil
		})
		if got := srv.Calls().Introspection - before; got != 1 {
			t.Fatalf("%d calls, want 1", got)
		}
	}
}

// concurrently calls f n times at once and returns how often it reported true.
func concurrently(n int, f func(i int) bool) int {
	var all sync.WaitGroup
	var ok atomic.Int64
	for i := range n {
		all.Go(func() {
			if f(i) {
				ok.Add(1)
			}
		})
	}
	all.Wait()
	return int(ok.Load())
}

// IN-89, A13, IN-90: whoever leaves, first caller or later one, leaves alone.
func TestCallersLeaveAlone(t *testing.T) {
	for _, leaver := range []string{"leader", "follower"} {
		t.Run(leaver, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tok := srv.Mint(coretest.Grant{})
				srv.Inject(coretest.Introspection, 1, coretest.Delay(100*time.Millisecond))
				impatient, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer cancel()
				ctxs := []context.Context{impatient, t.Context()}
				if leaver == "follower" {
					ctxs[0], ctxs[1] = ctxs[1], ctxs[0]
				}
				begun := time.Now()
				results := make(chan string, 2)
				for _, ctx := range ctxs {
					go func() {
						_, d := authorize(ctx, v, bearer(tok), core.Authenticated())
						results <- fmt.Sprintf("%s after %v", outcome(d), time.Since(begun))
						if d != nil && !errors.Is(d.Cause, context.DeadlineExceeded) {
							t.Errorf("the cause is %v", d.Cause)
						}
					}()
					synctest.Wait()
				}
				if got, want := <-results, "503 after 10ms"; got != want { // IN-98
					t.Errorf("who left got %s, want %s", got, want)
				}
				if got, want := <-results, "ok after 100ms"; got != want {
					t.Errorf("who stayed got %s, want %s", got, want)
				}
				if got := srv.Calls().Introspection; got != 1 {
					t.Errorf("%d calls, want 1", got)
				}
			})
		})
	}
}

// IN-92: a panic on the way to the server is an error for those who wait, and the next request tries anew.
func TestPanicOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker()
		a.set(t1, active)
		first := true
		v := rfc7662(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			if first {
				first = false
				time.Sleep(time.Second)
				panic("boom " + t1)
			}
			return a.RoundTrip(r)
		}))
		if n := concurrently(10, func(int) bool {
			_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
			if outcome(d) == "503" && strings.Contains(d.Cause.Error(), t1) {
				t.Errorf("the cause shows the token: %v", d.Cause)
			}
			return outcome(d) == "503"
		}); n != 10 {
			t.Errorf("%d requests got 503, want 10", n)
		}
		if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d != nil {
			t.Errorf("then got %s: %v", outcome(d), d.Cause)
		}
	})
}

// IN-68, IN-80, IN-91, A02, A03, A04, A10: two verifiers share nothing, neither answers nor calls under way.
func TestVerifiersShareNothing(t *testing.T) {
	for _, order := range []string{"good first", "bad first", "at once"} {
		t.Run(order, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good, bad := coretest.New(), coretest.New()
				good.SetAnswer(t1, active)
				a, b := mobileFirst(t, good), mobileFirst(t, bad)
				both := []func(){
					func() {
						if _, d := authorize(t.Context(), a, bearer(t1), core.Authenticated()); d != nil {
							t.Errorf("where it is good: %s", outcome(d))
						}
					},
					func() {
						if _, d := authorize(t.Context(), b, bearer(t1), core.Authenticated()); outcome(d) != invalidToken {
							t.Errorf("where it is bad: %s", outcome(d))
						}
					},
				}
				if order == "bad first" {
					both[0], both[1] = both[1], both[0]
				}
				if order == "at once" {
					concurrently(2, func(i int) bool { both[i](); return true })
				} else {
					both[0]()
					both[1]()
				}
				both[0]()
				both[1]()
				if g, b := good.Calls().Introspection, bad.Calls().Introspection; g != 1 || b != 1 {
					t.Errorf("%d and %d calls, want one each", g, b)
				}
			})
		})
	}
}

// IN-78, A08, A09: tokens that are alike but for one character in the middle are different tokens.
func TestSimilarTokens(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	head, tail := strings.Repeat("a", 100), strings.Repeat("z", 100)
	srv.SetAnswer(head+"1"+tail, active)
	for range 2 {
		if _, d := authorize(t.Context(), v, bearer(head+"1"+tail), core.Authenticated()); d != nil {
			t.Errorf("got %s, want ok", outcome(d))
		}
		for _, other := range []string{head + "2" + tail, head + tail, head + "1" + tail + "=", head + "1" + tail[1:]} {
			if _, d := authorize(t.Context(), v, bearer(other), core.Authenticated()); outcome(d) != invalidToken {
				t.Errorf("got %s, want %s", outcome(d), invalidToken)
			}
		}
	}
	if got := srv.Calls().Introspection; got != 5 {
		t.Errorf("%d calls, want 5", got)
	}
}

// IN-94, A14, IN-93: what a handler does to its principal reaches nobody else.
func TestPrincipalsAreIndependent(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	tok := srv.Mint(coretest.Grant{Scope: "a b", User: &coretest.User{ID: "alice", Attributes: map[string]any{"role": "clerk"}}})
	srv.SetAnswer(tok, `{"active":true,"scope":"a b","aud":["x","y"],"client_id":"c1","mfp-user":{"id":"alice","attributes":{"role":"clerk"}}}`)
	first, _ := authorize(t.Context(), v, bearer(tok), core.Authenticated())
	first.Audience()[0] = "evil"
	u, _ := first.User()
	copy(u.Attributes["role"], `"admin"`)
	u.Attributes["more"] = []byte(`1`)
	second, _ := authorize(t.Context(), v, bearer(tok), core.Authenticated())
	if got := second.Audience(); got[0] != "x" {
		t.Errorf("audience is %q", got)
	}
	u, ok := second.User()
	if got := string(u.Attributes["role"]); !ok || got != `"clerk"` || len(u.Attributes) != 1 {
		t.Errorf("attributes are %q", u.Attributes)
	}
}

// IN-93, A12: every request's hooks see its own context, also when it shared a call.
func TestHooksSeeTheirOwnRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type id struct{}
		var seen sync.Map
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) {
			c.Trace.Decided = func(ctx context.Context, i core.DecidedInfo) { seen.Store(ctx.Value(id{}), i.Denial == nil) }
		})
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		concurrently(50, func(i int) bool {
			authorize(context.WithValue(t.Context(), id{}, i), v, bearer(tok), core.Authenticated())
			return true
		})
		for i := range 50 {
			if ok, _ := seen.Load(i); ok != true {
				t.Errorf("request %d was decided: %v", i, ok)
			}
		}
	})
}

// No goroutine outlives its work: nothing has to be closed.
func TestNoGoroutineStays(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	before := runtime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) { // fails if one stays in the bubble
		srv := coretest.New()
		v := mobileFirst(t, srv)
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		concurrently(100, func(i int) bool {
			authorize(ctx, v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			return true
		})
		time.Sleep(11 * time.Second) // longer than any call may take, and the question of our own after it
	})
	authorize(t.Context(), v, bearer(t1), core.Authenticated())
	for n := 0; runtime.NumGoroutine() > before; n++ {
		if n == 1_000_000 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}
