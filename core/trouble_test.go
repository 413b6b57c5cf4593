package core_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// IN-35: the server's wish to be left alone is respected, up to a minute, and passed on, once a question of our own has shown that
// it is meant for all tokens.
func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		status int
		value  string
		want   string
		pause  time.Duration
	}{
		{429, "7", "7", 7 * time.Second},
		{503, "7", "7", 7 * time.Second},
		{429, "99999999", "60", time.Minute},
		{429, "99999999999999999999", "60", time.Minute},
		{429, "-1", "5", 0},
		{429, "abc", "5", 0},
		{429, "0", "5", 0},
		{429, "", "5", 0},
		{429, "date", "7", 7 * time.Second},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.value), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.SetAnswer(t1, active)
				v := mobileFirst(t, srv)
				value := tt.value
				if value == "date" {
					value = time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat)
				}
				srv.Inject(coretest.Introspection, coretest.Always, coretest.Status(tt.status, "Retry-After", value))
				_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
				if got := header(d, "Retry-After"); outcome(d) != "503" || !slices.Equal(got, []string{tt.want}) {
					t.Errorf("got %s with Retry-After %q, want 503 with %s", outcome(d), got, tt.want)
				}
				synctest.Wait()
				if tt.pause > 0 {
					time.Sleep(tt.pause - time.Second)
					_, d = authorize(t.Context(), v, bearer("other"), core.Authenticated())
					if got := header(d, "Retry-After"); outcome(d) != "503" || !slices.Equal(got, []string{"1"}) || srv.Calls().Introspection != 2 {
						t.Errorf("within the pause: got %s with Retry-After %q after %+v", outcome(d), got, srv.Calls())
					}
					time.Sleep(time.Second)
				}
				srv.Clear(coretest.Introspection)
				if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d != nil {
					t.Errorf("after the pause: got %s: %v", outcome(d), d.Cause)
				}
			})
		})
	}
}

// IN-36: one hiccup is not seen by the client; more of them are not hammered at.
func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault coretest.Fault
		times int
		want  string
		calls int
	}{
		{"500 once", coretest.Status(500), 1, "ok", 2},
		{"503 once", coretest.Status(503), 1, "ok", 2},
		{"reset once", coretest.Reset(), 1, "ok", 2},
		{"truncated once", coretest.Truncate(), 1, "ok", 2}, // IN-26
		{"503 for ever", coretest.Status(503), coretest.Always, "503", 2},
		{"reset for ever", coretest.Reset(), coretest.Always, "503", 2},
		{"400", coretest.Status(400), coretest.Always, "503", 1},
		{"404", coretest.Status(404), coretest.Always, "503", 1},
		{"501", coretest.Status(501), coretest.Always, "503", 1},
		{"redirect", coretest.Redirect(307, "https://evil.invalid/"), coretest.Always, "503", 1},
		{"oversize", coretest.Oversize(2 << 20), coretest.Always, "503", 1},
		{"garbage", coretest.Body(200, "application/json", "{"), coretest.Always, "503", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tok := srv.Mint(coretest.Grant{})
				srv.Inject(coretest.Introspection, tt.times, tt.fault)
				begun := time.Now()
				_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
				if got := outcome(d); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if got := srv.Calls().Introspection; got != tt.calls {
					t.Errorf("%d calls, want %d", got, tt.calls)
				}
				if took := time.Since(begun); took > 200*time.Millisecond {
					t.Errorf("took %v", took)
				}
				if len(srv.Requests(coretest.Other)) != 0 {
					t.Errorf("followed to %v", srv.Requests(coretest.Other))
				}
			})
		})
	}
}

// Trouble with the answer about one token stops the calls for no other token; an endpoint that does not answer is left alone.
func TestBreaker(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault coretest.Fault
		opens bool
	}{
		{"500", coretest.Status(500), true},
		{"reset", coretest.Reset(), true},
		{"login page", coretest.HTML(200), true},
		{"404", coretest.HTML(404), true},
		{"redirect", coretest.Redirect(302, "https://mfp.invalid/login"), true},
		{"403 for ever", coretest.Status(403), true},
		{"not about this token", coretest.Status(400), false},
		{"no active", coretest.DropMember("active"), false},
		{"scope is an array", coretest.SetMember("scope", `["a"]`), false},
		{"oversize", coretest.Oversize(2 << 20), false},
		{"conflict", coretest.Status(409), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tok := srv.Mint(coretest.Grant{})
				authorize(t.Context(), v, bearer("warm"), core.Authenticated())
				srv.Inject(coretest.Introspection, coretest.Always, tt.fault)
				for i := range 6 {
					time.Sleep(50 * time.Millisecond)
					authorize(t.Context(), v, bearer(fmt.Sprint(i)), core.Authenticated())
				}
				synctest.Wait()
				before := srv.Calls().Introspection
				srv.Clear(coretest.Introspection)
				_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
				asked := srv.Calls().Introspection - before
				if opened := asked == 0; opened != tt.opens || (d == nil) == tt.opens {
					t.Fatalf("asked %d times, got %s; want it to be left alone: %v", asked, outcome(d), tt.opens)
				}
				if !tt.opens {
					return
				}
				if got := header(d, "Retry-After"); outcome(d) != "503" || len(got) != 1 || got[0] > "5" {
					t.Errorf("got %s, Retry-After %q", outcome(d), got)
				}
				time.Sleep(5 * time.Second)
				if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d != nil {
					t.Errorf("after the pause got %s: %v", outcome(d), d.Cause)
				}
			})
		})
	}
}

// A35, A27: an outage of a minute under load costs the server little more than a probe every five seconds.
func TestOutageIsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
		for i := range 6000 {
			authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			time.Sleep(10 * time.Millisecond)
		}
		if got := srv.Calls().Introspection; got > 40 {
			t.Errorf("%d calls in a minute of 6000 requests", got)
		}
	})
}
