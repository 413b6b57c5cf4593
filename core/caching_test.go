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

// A step is a request at a moment after the first, and how many introspections there have been once it is answered.
type step struct {
	at    time.Duration
	need  core.Requirement
	want  string
	calls int
}

func TestHowLongAnswersAreRemembered(t *testing.T) {
	any, s := core.Authenticated(), time.Second
	for _, tt := range []struct {
		name     string
		lifetime time.Duration // of the token; 0 for no exp at all
		inactive bool
		ttl, neg time.Duration
		skew     time.Duration
		steps    []step
	}{
		{"within the TTL", time.Hour, false, 60 * s, 5 * s, 0, []step{ // IN-69
			{0, any, "ok", 1}, {59 * s, any, "ok", 1}, {60 * s, any, "ok", 2}, {119 * s, any, "ok", 2}, {120 * s, any, "ok", 3},
		}},
		{"no longer than the token", 10 * s, false, 300 * s, 5 * s, 0, []step{ // IN-41
			{0, any, "ok", 1}, {9 * s, any, "ok", 1}, {10 * s, any, invalidToken, 2},
		}},
		{"skew prolongs nothing", 10 * s, false, 300 * s, 0, 30 * s, []step{ // IN-42, A18
			{0, any, "ok", 1}, {9 * s, any, "ok", 1}, {15 * s, any, invalidToken, 2},
		}},
		{"no exp", 0, false, 30 * s, 5 * s, 0, []step{ // IN-44
			{0, any, "ok", 1}, {29 * s, any, "ok", 1}, {30 * s, any, "ok", 2},
		}},
		{"the cache is off", time.Hour, false, 0, 5 * s, 0, []step{ // IN-70, A20
			{0, any, "ok", 1}, {0, any, "ok", 2}, {1, any, "ok", 3},
		}},
		{"the longest TTL there is", time.Hour, false, 1<<63 - 1, 0, 0, []step{ // IN-47
			{0, any, "ok", 1}, {3599 * s, any, "ok", 1},
		}},
		{"inactive, briefly", 0, true, 60 * s, 5 * s, 0, []step{ // IN-72
			{0, any, invalidToken, 1}, {4 * s, any, invalidToken, 1}, {5 * s, any, invalidToken, 2},
		}},
		{"inactive, not remembered", 0, true, 60 * s, 0, 0, []step{ // IN-70
			{0, any, invalidToken, 1}, {0, any, invalidToken, 2},
		}},
		{"a fresh answer on every request", time.Hour, false, 60 * s, 5 * s, 0, []step{ // IN-83, A06
			{0, any, "ok", 1},
			{s, any.MaxAge(0), "ok", 2},
			{2 * s, any.MaxAge(0), "ok", 3},
			{61 * s, any, "ok", 3}, // the route without MaxAge gains from them
			{63 * s, any, "ok", 4},
		}},
		{"an answer of a certain age", time.Hour, false, 60 * s, 5 * s, 0, []step{ // IN-84
			{0, any, "ok", 1}, {5 * s, any.MaxAge(5 * s), "ok", 1}, {10 * s, any.MaxAge(5 * s), "ok", 2}, {11 * s, any.MaxAge(5 * s), "ok", 2},
		}},
		{"a fresh answer for a bad token", 0, true, 60 * s, 60 * s, 0, []step{
			{0, any, invalidToken, 1}, {s, any.MaxAge(0), invalidToken, 2}, {2 * s, any.MaxAge(5 * s), invalidToken, 2},
		}},
		{"MaxAge beyond the TTL changes nothing", time.Hour, false, 60 * s, 5 * s, 0, []step{
			{0, any.MaxAge(time.Hour), "ok", 1}, {59 * s, any.MaxAge(1<<63 - 1), "ok", 1}, {60 * s, any.MaxAge(time.Hour), "ok", 2},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv, withTTL(tt.ttl, tt.neg), func(c *core.Config) { c.Skew = tt.skew })
				tok := srv.Mint(coretest.Grant{Lifetime: tt.lifetime})
				switch {
				case tt.inactive:
					srv.Revoke(tok)
				case tt.lifetime == 0:
					srv.SetAnswer(tok, `{"active":true}`)
				}
				begun := time.Now()
				for _, st := range tt.steps {
					time.Sleep(st.at - time.Since(begun))
					_, d := v.Authorize(t.Context(), bearer(tok), st.need)
					if got := outcome(d); got != st.want {
						t.Errorf("after %v: got %s, want %s", st.at, got, st.want)
					}
					if got := srv.Calls().Introspection; got != st.calls {
						t.Errorf("after %v: %d calls, want %d", st.at, got, st.calls)
					}
				}
			})
		})
	}
}

// The time to live counts from the question: what was true when the server read it may be false when its answer arrives.
func TestAgeCountsFromTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, withTTL(10*time.Second, 10*time.Second))
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, 1, coretest.Delay(2*time.Second))
		v.Authorize(t.Context(), bearer(tok), core.Authenticated())
		time.Sleep(7 * time.Second) // 9 s after the question
		v.Authorize(t.Context(), bearer(tok), core.Authenticated().MaxAge(9*time.Second))
		if got := srv.Calls().Introspection; got != 1 {
			t.Errorf("%d calls, want 1", got)
		}
		v.Authorize(t.Context(), bearer(tok), core.Authenticated().MaxAge(8*time.Second))
		if got := srv.Calls().Introspection; got != 2 {
			t.Errorf("%d calls, want 2", got)
		}
	})
}

// IN-47, A23, D8: an end beyond all time is a far end, and the answer is remembered like any other.
func TestFarEndIsRemembered(t *testing.T) {
	for _, exp := range []string{"1e18", "1e30", "9223372036854775808", "253402300799000", "99999999999"} {
		srv := coretest.New()
		srv.SetAnswer(t1, `{"active":true,"exp":`+exp+`}`)
		v := mobileFirst(t, srv)
		for range 3 {
			p, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
			if d != nil || p.ExpiresAt().Before(time.Now()) {
				t.Errorf("%s: got %s, ends %v", exp, outcome(d), p.ExpiresAt())
			}
		}
		if got := srv.Calls().Introspection; got != 1 {
			t.Errorf("%s: %d calls, want 1", exp, got)
		}
	}
}

// IN-73, A28: whoever asks about a token before it becomes good keeps it out no longer than NegativeTTL.
func TestBadTokenBecomesGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		try := func(want string) {
			t.Helper()
			if _, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated()); outcome(d) != want {
				t.Errorf("got %s, want %s", outcome(d), want)
			}
		}
		try(invalidToken)
		time.Sleep(time.Second)
		srv.SetAnswer(t1, active)
		try(invalidToken)
		time.Sleep(4 * time.Second)
		try("ok")
	})
}

// IN-74, MFP-09: trouble and conflicts are not remembered, and drop nothing that is.
func TestTroubleIsNotRemembered(t *testing.T) {
	for name, fault := range map[string]coretest.Fault{
		"500":            coretest.Status(500),
		"empty":          coretest.Body(200, "application/json", ""),
		"no active":      coretest.DropMember("active"),
		"active is text": coretest.SetMember("active", `"true"`),
		"page":           coretest.HTML(200),
		"reset":          coretest.Reset(),
		"truncated":      coretest.Truncate(),
		"conflict":       coretest.Status(409),
		"bad request":    coretest.Status(400),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tok := srv.Mint(coretest.Grant{})
				srv.Inject(coretest.Introspection, 2, fault)
				_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
				if d == nil || d.Status != 503 && d.Status != 409 {
					t.Fatalf("got %s", outcome(d))
				}
				srv.Clear(coretest.Introspection)
				if _, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated()); d != nil {
					t.Fatalf("then got %s", outcome(d))
				}
				srv.Inject(coretest.Introspection, 2, fault)
				v.Authorize(t.Context(), bearer(tok), core.Authenticated().MaxAge(0))
				calls := srv.Calls().Introspection
				if _, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated()); d != nil || srv.Calls().Introspection != calls {
					t.Errorf("the answer from before is gone: %s", outcome(d))
				}
			})
		})
	}
}

// IN-85, A19: a forgotten token is asked about again, whatever its answer was.
func TestForget(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	tok := srv.Mint(coretest.Grant{})
	v.Forget(tok)
	v.Forget("")
	try := func(want string, calls int) {
		t.Helper()
		_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
		if got := srv.Calls().Introspection; outcome(d) != want || got != calls {
			t.Errorf("got %s after %d calls, want %s after %d", outcome(d), got, want, calls)
		}
	}
	try("ok", 1)
	srv.Revoke(tok)
	try("ok", 1)
	v.Forget(tok)
	try(invalidToken, 2)
	srv.SetAnswer(tok, active)
	try(invalidToken, 2)
	v.Forget(tok)
	try("ok", 3)
}

// IN-86: what a call that was under way brings is delivered, but not remembered.
func TestForgetBeatsACallUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		done := make(chan string)
		go func() {
			_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
			done <- outcome(d)
		}()
		synctest.Wait()
		v.Forget(tok)
		if got := <-done; got != "ok" {
			t.Errorf("the request under way got %s", got)
		}
		v.Authorize(t.Context(), bearer(tok), core.Authenticated())
		if got := srv.Calls().Introspection; got != 2 {
			t.Errorf("%d calls, want 2", got)
		}
	})
}

// A request with MaxAge(0) does not take the answer to a question that was put before it came, and its own answer is the one that
// stays, even if the older question is answered later.
func TestFreshRequestPassesACallUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r) // answered as it was then
			w.(interface{ Flush() }).Flush()
			time.Sleep(2 * time.Second)
		})
		go v.Authorize(t.Context(), bearer(tok), core.Authenticated())
		time.Sleep(time.Second)
		srv.Revoke(tok)
		if _, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated().MaxAge(0)); outcome(d) != invalidToken {
			t.Errorf("the fresh request got %s", outcome(d))
		}
		time.Sleep(2 * time.Second) // the old answer has landed
		if _, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated()); outcome(d) != invalidToken {
			t.Errorf("then got %s", outcome(d))
		}
		if got := srv.Calls().Introspection; got != 2 {
			t.Errorf("%d calls, want 2", got)
		}
	})
}

// IN-88, CC-34: a thousand requests with one new token cost one introspection, and one token of our own.
func TestOneCallForAThousandRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(100*time.Millisecond))
		if ok := concurrently(1000, func(int) bool {
			_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
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
			_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
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
						_, d := v.Authorize(ctx, bearer(tok), core.Authenticated())
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
			_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
			if outcome(d) == "503" && strings.Contains(d.Cause.Error(), t1) {
				t.Errorf("the cause shows the token: %v", d.Cause)
			}
			return outcome(d) == "503"
		}); n != 10 {
			t.Errorf("%d requests got 503, want 10", n)
		}
		if _, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated()); d != nil {
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
						if _, d := a.Authorize(t.Context(), bearer(t1), core.Authenticated()); d != nil {
							t.Errorf("where it is good: %s", outcome(d))
						}
					},
					func() {
						if _, d := b.Authorize(t.Context(), bearer(t1), core.Authenticated()); outcome(d) != invalidToken {
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
		if _, d := v.Authorize(t.Context(), bearer(head+"1"+tail), core.Authenticated()); d != nil {
			t.Errorf("got %s, want ok", outcome(d))
		}
		for _, other := range []string{head + "2" + tail, head + tail, head + "1" + tail + "=", head + "1" + tail[1:]} {
			if _, d := v.Authorize(t.Context(), bearer(other), core.Authenticated()); outcome(d) != invalidToken {
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
	first, _ := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
	first.Audience()[0] = "evil"
	u, _ := first.User()
	copy(u.Attributes["role"], `"admin"`)
	u.Attributes["more"] = []byte(`1`)
	second, _ := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
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
			c.Trace.Decided = func(ctx context.Context, p core.Principal, d *core.Denial) { seen.Store(ctx.Value(id{}), d == nil) }
		})
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		concurrently(50, func(i int) bool {
			v.Authorize(context.WithValue(t.Context(), id{}, i), bearer(tok), core.Authenticated())
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
			v.Authorize(ctx, bearer(fmt.Sprint("t", i)), core.Authenticated())
			return true
		})
		time.Sleep(6 * time.Second) // longer than any call may take
	})
	v.Authorize(t.Context(), bearer(t1), core.Authenticated())
	for n := 0; runtime.NumGoroutine() > before; n++ {
		if n == 1_000_000 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}
