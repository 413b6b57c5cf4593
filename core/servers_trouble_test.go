package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// twins are two servers of MobileFirst 8.0 behind one guard: the default one, and one for issuerA.
type twins struct {
	v     *core.Verifier
	own   [2]*core.Verifier
	srv   [2]*coretest.Server
	token func(server, i int) string // a new token, active
}

func newTwins(t testing.TB, start func() *coretest.Server, change ...func(*core.Config)) *twins {
	w := &twins{}
	for i := range w.srv {
		w.srv[i] = start()
		t.Cleanup(w.srv[i].Close)
		w.own[i] = mobileFirst(t, w.srv[i], change...)
	}
	w.v = several(t, core.Default(w.own[0]), core.Issuer(issuerA, w.own[1]))
	w.token = func(server, i int) string {
		token := fmt.Sprint("opaque", i)
		if server == 1 {
			token = jwtFrom(issuerA, 0) + fmt.Sprint(i)
		}
		w.srv[server].SetAnswer(token, active)
		return token
	}
	return w
}

// sawOnlyTheirs fails if a server was asked about a token of the other.
func (w *twins) sawOnlyTheirs(t *testing.T) {
	t.Helper()
	for i, srv := range w.srv {
		for _, r := range append(srv.Requests(coretest.Introspection), append(srv.Requests(coretest.Token), srv.Requests(coretest.Other)...)...) {
			if token := r.Form.Get("token"); strings.HasPrefix(token, "opaque") && i == 1 || strings.HasPrefix(token, "ey") && i == 0 {
				t.Fatalf("server %d was asked about %.200s", i, token)
			}
		}
	}
}

// SV-09: whatever goes wrong with one server, its circuit opens and its queue fills, the users of the other one notice nothing:
// their tokens are asked about at once. No token goes to the other server meanwhile.
func TestTroubleOfOneOfSeveral(t *testing.T) {
	for name, fault := range faults {
		for bad := range 2 {
			t.Run(fmt.Sprintf("%s of server %d", name, bad), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newTwins(t, coretest.New)
					w.srv[bad].Inject(coretest.Introspection, coretest.Always, fault)
					w.srv[bad].Inject(coretest.Token, coretest.Always, fault)
					for i := range 30 {
						go authorize(t.Context(), w.v, bearer(w.token(bad, i)), core.Authenticated())
						begun := time.Now()
						for _, need := range []core.Requirement{core.Authenticated(), core.AllOf("read").MaxAge(0)} {
							if _, d := authorize(t.Context(), w.v, bearer(w.token(1-bad, i)), need); d != nil {
								t.Fatalf("after %d requests a user of the other server got %s: %v", i, outcome(d), d.Cause)
							}
						}
						if took := time.Since(begun); took != 0 {
							t.Fatalf("after %d requests a user of the other server waited %v", i, took)
						}
						time.Sleep(200 * time.Millisecond)
					}
					_, d := authorize(t.Context(), w.v, bearer(w.token(bad, 99)), core.Authenticated())
					switch name {
					case "503", "hang", "reset", "empty", "login page":
						if outcome(d) != "503" {
							t.Errorf("a user of the bad server got %s", outcome(d))
						}
					}
					w.sawOnlyTheirs(t)
					time.Sleep(time.Minute) // what hangs ends
				})
			})
		}
	}
}

// SV-09: the same for a full queue, and for an open circuit.
func TestOverloadOfOneOfSeveral(t *testing.T) {
	for bad := range 2 {
		synctest.Test(t, func(t *testing.T) {
			w := newTwins(t, coretest.New, func(c *core.Config) { c.MaxInFlight = 4 })
			for i := range 2 { // their own tokens are there
				authorize(t.Context(), w.v, bearer(w.token(i, 0)), core.Authenticated())
			}
			w.srv[bad].Inject(coretest.Introspection, coretest.Always, coretest.Hang())
			for i := range 2100 {
				go authorize(t.Context(), w.v, bearer(w.token(bad, 1+i)), core.Authenticated())
			}
			synctest.Wait()
			if sum, one := w.v.Stats(), w.own[bad].Stats(); sum.Waiting < 2000 || sum.Waiting != one.Waiting || sum.InFlight != one.InFlight {
				t.Errorf("Stats: %+v, the busy server alone %+v", sum, one)
			}
			try := func(when string) {
				t.Helper()
				begun := time.Now()
				for i := range 20 {
					if _, d := authorize(t.Context(), w.v, bearer(w.token(1-bad, i)), core.Authenticated().MaxAge(0)); d != nil || time.Since(begun) != 0 {
						t.Fatalf("%s a user of the other server got %s after %v", when, outcome(d), time.Since(begun))
					}
				}
			}
			try("while the queue is full")
			time.Sleep(time.Minute)
			w.srv[bad].Clear(coretest.Introspection)
			w.srv[bad].Inject(coretest.Introspection, coretest.Always, coretest.Status(503))
			for i := range 20 {
				authorize(t.Context(), w.v, bearer(w.token(bad, 5000+i)), core.Authenticated())
			}
			if _, d := authorize(t.Context(), w.v, bearer(w.token(bad, 9999)), core.Authenticated()); d == nil || d.Reason != core.ReasonCircuitOpen {
				t.Errorf("then a user of the bad one got %s, %s, want an open circuit", outcome(d), d.Reason)
			}
			if !w.v.Stats().CircuitOpen || w.own[1-bad].Stats().CircuitOpen {
				t.Error("Stats: one circuit is open, and not the other one")
			}
			try("while the circuit is open")
			w.sawOnlyTheirs(t)
			time.Sleep(time.Minute)
		})
	}
}

// SV-09: the same over real sockets.
func TestTroubleOfOneOfSeveralOnTheWire(t *testing.T) {
	for bad := range 2 {
		for name, fault := range map[string]coretest.Fault{"hang": coretest.Hang(), "reset": coretest.Reset(), "503": coretest.Status(503), "login page": coretest.HTML(200)} {
			t.Run(fmt.Sprintf("%s of server %d", name, bad), func(t *testing.T) {
				w := newTwins(t, coretest.NewServer, func(c *core.Config) { c.Transport, c.Timeout = nil, 10*time.Minute })
				w.srv[bad].Inject(coretest.Introspection, coretest.Always, fault)
				ctx, leave := context.WithCancel(t.Context())
				done := make(chan *core.Denial, 8)
				for i := range cap(done) {
					go func() {
						_, d := authorize(ctx, w.v, bearer(w.token(bad, i)), core.Authenticated())
						done <- d
					}()
				}
				for i := range 20 {
					if _, d := authorize(t.Context(), w.v, bearer(w.token(1-bad, i)), core.Authenticated()); d != nil {
						t.Fatalf("a user of the other server got %s: %v", outcome(d), d.Cause)
					}
				}
				leave()
				for range cap(done) {
					if d := <-done; outcome(d) != "503" {
						t.Errorf("a user of the bad server got %s", outcome(d))
					}
				}
				w.sawOnlyTheirs(t)
			})
		}
	}
}

// SV-09: a conflict goes to the clients of the server that has it.
func TestConflictOfOneOfSeveral(t *testing.T) {
	w := newTwins(t, coretest.New)
	w.srv[1].Conflict(1)
	if _, d := authorize(t.Context(), w.v, bearer(w.token(0, 1)), core.Authenticated()); d != nil {
		t.Errorf("the other server's user got %s", outcome(d))
	}
	_, d := authorize(t.Context(), w.v, bearer(w.token(1, 1)), core.Authenticated())
	if d == nil || d.Status != 409 || len(header(d, "MFP-Conflict")) != 1 {
		t.Errorf("got %+v, want 409 with MFP-Conflict", d)
	}
}

// SV-09: Ready names each server that is not ready. None spends the time of another.
func TestReadyOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwins(t, coretest.New)
		ready := func() (string, time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			begun := time.Now()
			err := w.v.Ready(ctx)
			var e *core.EndpointError
			if err != nil && !errors.As(err, &e) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v wraps nothing", err)
			}
			return fmt.Sprint(err), time.Since(begun)
		}
		const one = "core: not ready: the default server: "
		const two = "core: not ready: the server of issuer \"" + issuerA + "\": "
		if err, _ := ready(); err != "<nil>" {
			t.Errorf("both are ready: %s", err)
		}
		w.srv[1].Inject(coretest.Introspection, coretest.Always, coretest.Status(403))
		if err, _ := ready(); !strings.HasPrefix(err, two+"introspection endpoint ") || strings.Contains(err, "\n") {
			t.Errorf("got %s", err)
		}
		w.srv[0].Inject(coretest.Introspection, coretest.Always, coretest.Hang())
		err, took := ready()
		if first, second, _ := strings.Cut(err, "\n"); !strings.HasPrefix(first, one+"no answer from ") || !strings.HasPrefix(second, two+"introspection endpoint ") || took != 2*time.Second {
			t.Errorf("after %v: %s", took, err)
		}
		if err := w.own[0].Ready(t.Context()); err == nil || strings.HasPrefix(err.Error(), one) {
			t.Errorf("a server alone has no name: %v", err)
		}
		for i, srv := range w.srv {
			for _, r := range srv.Requests(coretest.Introspection) {
				if strings.HasPrefix(r.Form.Get("token"), "opaque") || strings.HasPrefix(r.Form.Get("token"), "ey") {
					t.Errorf("Ready has sent a token to server %d", i)
				}
			}
		}
		time.Sleep(time.Minute)
	})
}
