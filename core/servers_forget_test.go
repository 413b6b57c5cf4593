package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// SV-09: Forget and ForgetToken reach the server of the token, and no other; so do those of its own Verifier.
func TestForgetOfSeveral(t *testing.T) {
	for server := range 2 {
		w := newTwins(t, coretest.New)
		mine, others := w.token(server, 1), w.token(1-server, 1)
		authorize(t.Context(), w.v, bearer(others), core.Authenticated())
		for i, forget := range []func(core.Principal) error{
			w.v.Forget, w.own[server].Forget,
			func(core.Principal) error { return w.v.ForgetToken(mine) },
			func(core.Principal) error { return w.v.ForgetToken("Bearer " + mine) },
			func(core.Principal) error { return w.own[server].ForgetToken(mine) },
		} {
			p, d := authorize(t.Context(), w.v, bearer(mine), core.Authenticated())
			if calls := w.srv[server].Calls().Introspection; d != nil || calls != i+1 {
				t.Errorf("server %d, %d: %d calls, want %d", server, i, calls, i+1)
			}
			if _, d := authorize(t.Context(), w.v, bearer(mine), core.Authenticated()); d != nil || w.srv[server].Calls().Introspection != i+1 {
				t.Errorf("server %d, %d: it was not remembered", server, i)
			}
			if err := w.own[1-server].Forget(p); err == nil {
				t.Errorf("server %d, %d: the other server's Verifier forgets it", server, i)
			}
			if err := forget(p); err != nil {
				t.Errorf("server %d, %d: %v", server, i, err)
			}
		}
		authorize(t.Context(), w.v, bearer(others), core.Authenticated())
		if calls := w.srv[1-server].Calls().Introspection; calls != 1 {
			t.Errorf("the token of the other server was asked about %d times, want once", calls)
		}
		w.sawOnlyTheirs(t)
	}
}

// SV-09: what belongs to none of the servers is an error, and forgets nothing.
func TestForgetOfNoServer(t *testing.T) {
	f := newFleet(t, false, jwtFrom(issuerA, 0))
	w := newTwins(t, coretest.New)
	foreign, _ := authorize(t.Context(), w.v, bearer(w.token(0, 1)), core.Authenticated())
	for what, err := range map[string]error{
		"a foreign Principal": f.v.Forget(foreign), "the zero Principal": f.v.Forget(core.Principal{}),
		"an opaque token": f.v.ForgetToken("opaque"), "nothing": f.v.ForgetToken(""), "another issuer": f.v.ForgetToken(jwtFrom("x", 0)),
		"a longer token": f.v.ForgetToken(jwtFrom(issuerA, 9000)), "nothing, with a default": w.v.ForgetToken(""),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// SV-09: two guards on one request ask once, also where one of them is the server's own.
func TestTwoGuardsOfSeveral(t *testing.T) {
	need := core.Authenticated().MaxAge(0)
	for server := range 2 {
		w := newTwins(t, coretest.New)
		token := w.token(server, 1)
		for i, pair := range [][2]*core.Verifier{{w.v, w.v}, {w.v, w.own[server]}, {w.own[server], w.v}} {
			p, d := authorize(t.Context(), pair[0], bearer(token), need)
			if d != nil {
				t.Fatal(d.Cause)
			}
			if again, d := authorize(core.NewContext(t.Context(), p), pair[1], bearer(token), need); d != nil || again != p {
				t.Errorf("server %d, pair %d: got %v, %s", server, i, again, outcome(d))
			}
			if calls := w.srv[server].Calls().Introspection; calls != i+1 {
				t.Errorf("server %d, pair %d: asked %d times, want %d", server, i, calls, i+1)
			}
		}
	}
}

// SV-09: the context of a request ends by the clock of its server.
func TestUntilExpiryOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		need := core.Authenticated().UntilExpiry()
		jwt := jwtFrom(issuerA, 0)
		f := &fleet{servers: map[string]*asker{}}
		skew := func(d time.Duration) func(*core.Config) { return func(c *core.Config) { c.Skew = d } }
		v := several(t, core.Default(f.add(t, "default", []string{"t"}, skew(3*time.Second))), core.Issuer(issuerA, f.add(t, "a", []string{jwt}, skew(7*time.Second))))
		guard, err := v.Guard(need)
		if err != nil {
			t.Fatal(err)
		}
		for token, want := range map[string]time.Duration{"t": time.Hour + 3*time.Second, jwt: time.Hour + 7*time.Second} {
			p, d := guard.Authorize(t.Context(), core.Request{Authorization: bearer(token)})
			if d != nil {
				t.Fatal(d.Cause)
			}
			ctx, end := guard.Context(t.Context(), p)
			if at, ok := ctx.Deadline(); !ok || time.Until(at) != want {
				t.Errorf("the context of %.20s ends in %v, want %v", token, time.Until(at), want)
			}
			end()
			if got, ok := core.FromContext(ctx); !ok || got != p || ctx.Err() != context.Canceled {
				t.Error("it is not the context of an accepted request")
			}
		}
	})
}

// SV-09: Stats has the sums.
func TestStatsOfSeveral(t *testing.T) {
	w := newTwins(t, coretest.New)
	for i, tok := range []string{w.token(0, 1), w.token(1, 1), w.token(1, 2), "bad", "worse", jwtFrom(issuerA, 700)} {
		if _, d := authorize(t.Context(), w.v, bearer(tok), core.Authenticated()); (d == nil) != (i < 3) {
			t.Fatal(i, outcome(d))
		}
	}
	bytes := w.own[0].Stats().ActiveBytes + w.own[1].Stats().ActiveBytes
	if got, want := w.v.Stats(), (core.Stats{ActiveEntries: 3, InactiveEntries: 3, ActiveBytes: bytes}); got != want || bytes == 0 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	same := several(t, core.Default(w.own[0]), core.Issuer("x", w.own[0]))
	if got, want := same.Stats(), w.own[0].Stats(); got != want {
		t.Errorf("a server with two names counts twice: %+v, want %+v", got, want)
	}
}
