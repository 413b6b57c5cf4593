package core_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// A hotToken is used on a server that takes 50 ms, with a CacheTTL of a minute.
type hotToken struct {
	t     *testing.T
	srv   *coretest.Server
	v     *core.Verifier
	token string
	begun time.Time

	mu         sync.Mutex
	looked     map[core.LookedInfo]int
	background []error // what questions in the background came to
	joined     int
}

// newHotToken returns one that was asked about just now.
func newHotToken(t *testing.T, change ...func(*core.Config)) *hotToken {
	t.Helper()
	h := &hotToken{t: t, srv: coretest.New(), looked: map[core.LookedInfo]int{}}
	trace := core.Trace{
		Looked: func(_ context.Context, i core.LookedInfo) { h.note(func() { h.looked[i]++ }) },
		Joined: func(context.Context, core.JoinedInfo) { h.note(func() { h.joined++ }) },
		Introspected: func(_ context.Context, i core.IntrospectedInfo) {
			if i.Background {
				h.note(func() { h.background = append(h.background, i.Err) })
			}
		},
	}
	h.v = mobileFirst(t, h.srv, append(change, func(c *core.Config) { c.Trace = trace })...)
	h.token, h.begun = h.srv.Mint(coretest.Grant{}), time.Now()
	h.srv.Inject(coretest.Introspection, 1000, coretest.Delay(latency))
	h.use(0, "ok", latency)
	t.Cleanup(func() { time.Sleep(5*time.Second + latency) }) // no question goes on for longer
	return h
}

const latency = 50 * time.Millisecond

func (h *hotToken) note(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// fault has the next question meet f instead of the delay.
func (h *hotToken) fault(f coretest.Fault) {
	h.srv.Clear(coretest.Introspection)
	h.srv.Inject(coretest.Introspection, 1, f)
	h.srv.Inject(coretest.Introspection, 1000, coretest.Delay(latency))
}

// use sends a request at a moment after the first, and holds its outcome and its wait against what is wanted.
func (h *hotToken) use(at time.Duration, want string, wait time.Duration, need ...core.Requirement) {
	h.t.Helper()
	time.Sleep(at - time.Since(h.begun))
	begun := time.Now()
	_, d := authorize(h.t.Context(), h.v, bearer(h.token), append(need, core.Authenticated())[0])
	if got, took := outcome(d), time.Since(begun); got != want || took != wait {
		h.t.Errorf("after %v: %s after a wait of %v, want %s after %v", at, got, took, want, wait)
	}
}

// calls holds the number of questions so far against what is wanted.
func (h *hotToken) calls(want int) {
	h.t.Helper()
	synctest.Wait()
	if got := h.srv.Calls().Introspection; got != want {
		h.t.Errorf("after %v: %d calls, want %d", time.Since(h.begun), got, want)
	}
}

// HT-01: from four fifths of its time on, a token in use is asked about in the background, once however many hits there are, and no
// caller waits, ever again.
func TestCallersOfAHotTokenDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotToken(t)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { h.use(48*time.Second-1, "ok", 0) })
		}
		all.Wait()
		h.calls(1)
		for range 100 {
			all.Go(func() { h.use(48*time.Second, "ok", 0) })
		}
		all.Wait()
		h.calls(2)
		h.use(48*time.Second+latency/2, "ok", 0) // while the question is under way
		h.use(96*time.Second-1, "ok", 0)         // the answer counts from its question
		h.calls(2)
		for at := 96 * time.Second; at < 10*time.Minute; at += 11 * time.Second {
			h.use(at, "ok", 0)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if hot := h.looked[core.LookedInfo{Result: core.Hit, Background: true}]; hot != len(h.background) || h.srv.Calls().Introspection != 1+hot {
			t.Errorf("%d hits asked again, %d questions in the background, %d calls", hot, len(h.background), h.srv.Calls().Introspection)
		}
		if misses := h.looked[core.LookedInfo{Result: core.Miss}]; misses != 1 || h.joined != 0 {
			t.Errorf("%d misses, %d joined, want the first request and none", misses, h.joined)
		}
	})
}

// HT-01: what is not hot is not asked about in the background.
func TestNoBackgroundQuestion(t *testing.T) {
	any := core.Authenticated()
	for _, tt := range []struct {
		name   string
		change func(*core.Config)
		revoke bool
		need   core.Requirement
		calls  int // of requests after 0, 47, 48, 59 and 59.5 s
		hot    int // of these in the background
	}{
		{"in use", withTTL(time.Minute, 0), false, any, 2, 1},
		{"in use, on a route with a bound on its age", withTTL(time.Minute, 0), false, any.MaxAge(50 * time.Second), 2, 1},
		{"MaxAge(0)", withTTL(time.Minute, 0), false, any.MaxAge(0), 5, 0},
		{"a bound on its age that ends before", withTTL(time.Minute, 0), false, any.MaxAge(47 * time.Second), 2, 0},
		{"CacheTTL 0", withTTL(0, 0), false, any, 5, 0},
		{"inactive", withTTL(time.Minute, time.Minute), true, any, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHotToken(t, tt.change)
				if tt.revoke {
					h.token = h.srv.Mint(coretest.Grant{})
					h.srv.Revoke(h.token)
				}
				before := h.srv.Calls().Introspection
				for i, at := range []time.Duration{time.Millisecond, 47 * time.Second, 48 * time.Second, 59 * time.Second, 59500 * time.Millisecond} {
					if i > 0 || tt.revoke {
						time.Sleep(at + latency - time.Since(h.begun))
						authorize(t.Context(), h.v, bearer(h.token), tt.need)
					}
				}
				time.Sleep(time.Second)
				synctest.Wait()
				calls := h.srv.Calls().Introspection - before
				if !tt.revoke {
					calls++ // the first
				}
				if calls != tt.calls || len(h.background) != tt.hot {
					t.Errorf("%d calls, %d in the background, want %d and %d", calls, len(h.background), tt.calls, tt.hot)
				}
			})
		})
	}
}

// HT-01, HT-03: the server hangs in the background. The old answer counts until its end and not beyond. A caller that comes then waits
// with the question that is under way, asks itself when that has failed, and waits for Config.Timeout at most.
func TestHotTokenEndsInTime(t *testing.T) {
	for _, back := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			h := newHotToken(t)
			h.fault(coretest.Hang())
			if !back {
				h.srv.Clear(coretest.Introspection)
				h.srv.Inject(coretest.Introspection, 1000, coretest.Hang())
			}
			h.use(58*time.Second, "ok", 0)
			h.use(time.Minute-1, "ok", 0)
			h.calls(2)
			if back {
				h.use(time.Minute, "ok", 3*time.Second+latency)
			} else {
				h.use(time.Minute, "503", 5*time.Second)
			}
			h.calls(3)
		})
	}
}

// HT-01: Forget counts for a question in the background too.
func TestForgetDuringABackgroundQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotToken(t)
		h.use(48*time.Second, "ok", 0)
		h.calls(2)
		if err := h.v.ForgetToken(h.token); err != nil {
			t.Fatal(err)
		}
		h.use(49*time.Second, "ok", latency)
		h.calls(3)
	})
}

// An answer from the background is like any other: Forget finds it by its Principal.
func TestForgetAfterABackgroundQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotToken(t)
		h.use(48*time.Second, "ok", 0)
		time.Sleep(time.Second)
		p, _ := authorize(t.Context(), h.v, bearer(h.token), core.Authenticated())
		if err := h.v.Forget(p); err != nil {
			t.Fatal(err)
		}
		h.use(50*time.Second, "ok", latency)
		h.calls(3)
	})
}

// A token that turns out to be revoked is refused at once, without another question.
func TestRevokedHotTokenIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotToken(t)
		h.srv.Revoke(h.token)
		h.use(48*time.Second, "ok", 0)
		h.use(49*time.Second, invalidToken, 0)
		h.calls(2)
	})
}

// A caller that misses joins the question in the background.
func TestCallersJoinABackgroundQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotToken(t)
		h.fault(coretest.Delay(3 * time.Second))
		h.use(58*time.Second, "ok", 0)
		h.use(time.Minute, "ok", time.Second)
		h.use(58*time.Second+48*time.Second-1, "ok", 0)
		h.calls(2)
		if h.joined != 1 {
			t.Errorf("%d joined, want 1", h.joined)
		}
	})
}
