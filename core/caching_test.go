package core_test

import (
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
			{0, any, "ok", 1}, {48*s - 1, any, "ok", 1}, {60 * s, any, "ok", 2}, {108*s - 1, any, "ok", 2}, {120 * s, any, "ok", 3},
		}},
		{"asked again in the background in the last fifth", time.Hour, false, 60 * s, 5 * s, 0, []step{ // HT-01
			{0, any, "ok", 1}, {48 * s, any, "ok", 2}, {60 * s, any, "ok", 2}, {96*s - 1, any, "ok", 2}, {108*s - 1, any, "ok", 3},
		}},
		{"not in the background if the token ends first", 59 * s, false, 60 * s, 5 * s, 0, []step{ // HT-01
			{0, any, "ok", 1}, {48 * s, any, "ok", 1}, {59*s - 1, any, "ok", 1}, {59 * s, any, invalidToken, 2},
		}},
		{"no longer than the token", 10 * s, false, 300 * s, 5 * s, 0, []step{ // IN-41
			{0, any, "ok", 1}, {9 * s, any, "ok", 1}, {10 * s, any, invalidToken, 2},
		}},
		{"skew prolongs nothing", 10 * s, false, 300 * s, 0, 30 * s, []step{ // IN-42, A18
			{0, any, "ok", 1}, {9 * s, any, "ok", 1}, {15 * s, any, invalidToken, 2},
		}},
		{"no exp", 0, false, 30 * s, 5 * s, 0, []step{ // IN-44
			{0, any, "ok", 1}, {24*s - 1, any, "ok", 1}, {30 * s, any, "ok", 2},
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
			{49 * s, any, "ok", 3}, // the route without MaxAge gains from them
			{62 * s, any, "ok", 4},
		}},
		{"an answer of a certain age", time.Hour, false, 60 * s, 5 * s, 0, []step{ // IN-84
			{0, any, "ok", 1}, {5 * s, any.MaxAge(5 * s), "ok", 1}, {10 * s, any.MaxAge(5 * s), "ok", 2}, {11 * s, any.MaxAge(5 * s), "ok", 2},
		}},
		{"a fresh answer for a bad token", 0, true, 60 * s, 60 * s, 0, []step{
			{0, any, invalidToken, 1}, {s, any.MaxAge(0), invalidToken, 2}, {2 * s, any.MaxAge(5 * s), invalidToken, 2},
		}},
		{"MaxAge beyond the TTL changes nothing", time.Hour, false, 60 * s, 5 * s, 0, []step{
			{0, any.MaxAge(time.Hour), "ok", 1}, {47 * s, any.MaxAge(1<<63 - 1), "ok", 1}, {60 * s, any.MaxAge(time.Hour), "ok", 2},
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
					_, d := authorize(t.Context(), v, bearer(tok), st.need)
					synctest.Wait() // for a question in the background
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
	for _, want := range []string{"ok", invalidToken} {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			v := mobileFirst(t, srv, withTTL(10*time.Second, 10*time.Second))
			tok := srv.Mint(coretest.Grant{})
			if want == invalidToken {
				srv.Revoke(tok)
			}
			srv.Inject(coretest.Introspection, 1, coretest.Delay(2*time.Second))
			begun := time.Now()
			for _, tt := range []struct {
				at    time.Duration
				need  core.Requirement
				calls int
			}{
				{0, core.Authenticated(), 1},
				{7 * time.Second, core.Authenticated().MaxAge(7 * time.Second), 1},
				{7 * time.Second, core.Authenticated(), 1},
				{10 * time.Second, core.Authenticated(), 2},
				{12 * time.Second, core.Authenticated().MaxAge(2*time.Second - 1), 3},
			} {
				time.Sleep(tt.at - time.Since(begun))
				if _, d := authorize(t.Context(), v, bearer(tok), tt.need); outcome(d) != want {
					t.Errorf("after %v: got %s, want %s", tt.at, outcome(d), want)
				}
				if got := srv.Calls().Introspection; got != tt.calls {
					t.Errorf("after %v: %d calls, want %d", tt.at, got, tt.calls)
				}
			}
		})
	}
}

// IN-47, A23, D8: an end beyond all time is a far end, and the answer is remembered like any other.
func TestFarEndIsRemembered(t *testing.T) {
	for _, exp := range []string{"1e18", "1e30", "9223372036854775808", "253402300799000", "99999999999"} {
		srv := coretest.New()
		srv.SetAnswer(t1, `{"active":true,"exp":`+exp+`}`)
		v := mobileFirst(t, srv)
		for range 3 {
			p, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
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
			if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); outcome(d) != want {
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
				_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
				if d == nil || d.Status != 503 && d.Status != 409 {
					t.Fatalf("got %s", outcome(d))
				}
				srv.Clear(coretest.Introspection)
				if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d != nil {
					t.Fatalf("then got %s", outcome(d))
				}
				srv.Inject(coretest.Introspection, 2, fault)
				authorize(t.Context(), v, bearer(tok), core.Authenticated().MaxAge(0))
				calls := srv.Calls().Introspection
				if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d != nil || srv.Calls().Introspection != calls {
					t.Errorf("the answer from before is gone: %s", outcome(d))
				}
			})
		})
	}
}

// MaxAge(0) asks each time, also in the very instant in which somebody else was answered.
func TestMaxAgeZeroAsksInTheSameInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		for _, need := range []core.Requirement{core.Authenticated(), core.Authenticated().MaxAge(0), core.Authenticated().MaxAge(0)} {
			authorize(t.Context(), v, bearer(t1), need)
		}
		if got := srv.Calls().Introspection; got != 3 {
			t.Errorf("%d questions, want 3", got)
		}
	})
}
