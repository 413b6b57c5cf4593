package admission_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
)

// endpoint is a Gate whose own question gets what the test sets.
type endpoint struct {
	*admission.Gate
	mu      sync.Mutex
	says    admission.Outcome
	takes   time.Duration
	asked   []time.Time
	changes []admission.Change
}

func newEndpoint(says admission.Outcome) *endpoint {
	e := &endpoint{says: says}
	e.Gate = gate(func(c *admission.Config) {
		c.Slots = 64
		c.Ask, c.Changed = e.ask, func(x admission.Change) { e.changes = append(e.changes, x) }
	})
	return e
}

func (e *endpoint) ask(ctx context.Context) admission.Outcome {
	e.mu.Lock()
	says, takes := e.says, e.takes
	e.asked = append(e.asked, time.Now())
	e.mu.Unlock()
	select {
	case <-time.After(takes):
		return says
	case <-ctx.Done():
		return broken
	}
}

func (e *endpoint) set(says admission.Outcome, takes time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.says, e.takes = says, takes
}

// call lets one call end so, and reports whether it was made, when all is settled.
func (e *endpoint) call(t *testing.T, o admission.Outcome) bool {
	t.Helper()
	made := e.try(t, o)
	synctest.Wait()
	return made
}

func (e *endpoint) try(t *testing.T, o admission.Outcome) bool {
	t.Helper()
	p, err := e.Enter(within(t), false)
	if err != nil {
		if _, ok := errors.AsType[*admission.RefusedError](err); !ok {
			t.Errorf("Enter: %v", err)
		}
		return false
	}
	p.Done(o)
	return true
}

// fail lets calls fail until our own question is asked, and returns how many it took.
func (e *endpoint) fail(t *testing.T, o admission.Outcome) int {
	t.Helper()
	before := len(e.asked)
	for n := 1; n < 100; n++ {
		e.call(t, o)
		if len(e.asked) > before {
			return n
		}
	}
	t.Fatal("our question is never asked")
	return 0
}

// AV-01, AV-02, AV-03: what makes us ask our own question.
func TestWhenWeAskOurselves(t *testing.T) {
	stayAway := admission.Outcome{Evidence: admission.Doubtful, StayAway: time.Minute}
	for _, tt := range []struct {
		name  string
		quiet time.Duration // since the last answer
		calls []admission.Outcome
		asked int
	}{
		{"four failures", time.Hour, []admission.Outcome{doubtful, doubtful, broken, broken}, 0},
		{"five failures", time.Hour, []admission.Outcome{doubtful, doubtful, broken, broken, doubtful}, 1},
		{"five failures just after an answer", 199 * time.Millisecond, []admission.Outcome{doubtful, doubtful, doubtful, doubtful, doubtful}, 0},
		{"five failures a while after an answer", 200 * time.Millisecond, []admission.Outcome{doubtful, doubtful, doubtful, doubtful, doubtful}, 1},
		{"an answer among them", time.Hour, []admission.Outcome{doubtful, doubtful, doubtful, doubtful, answered, doubtful, doubtful, doubtful, doubtful}, 0},
		{"trouble of ours", time.Hour, []admission.Outcome{none, none, none, none, none, none, none}, 0},
		{"trouble of ours among them", time.Hour, []admission.Outcome{doubtful, doubtful, none, doubtful, doubtful, none, doubtful}, 1},
		{"one that asks us to stay away", 0, []admission.Outcome{stayAway}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEndpoint(answered)
				time.Sleep(time.Hour)
				e.call(t, answered)
				time.Sleep(tt.quiet)
				for _, o := range tt.calls {
					e.call(t, o)
				}
				if len(e.asked) != tt.asked {
					t.Errorf("asked %d times, want %d", len(e.asked), tt.asked)
				}
			})
		})
	}
}

// AV-01: our question is asked once a second at most, whatever comes in; as long as it is answered
// nobody is refused.
func TestStrangersOpenNothing(t *testing.T) {
	for _, o := range []admission.Outcome{doubtful, broken, {Evidence: admission.Doubtful, StayAway: time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(answered)
			e.set(answered, 50*time.Millisecond)
			for i := range 1000 {
				if !e.call(t, o) {
					t.Fatalf("refused after %d failures", i)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if n := len(e.asked); n < 5 || n > 11 {
				t.Errorf("asked %d times in 10s", n)
			}
			if len(e.changes) != 0 {
				t.Errorf("told of %+v", e.changes)
			}
		})
	}
}

// AV-03: when our own question fails, callers are refused for about a second, later for half of the
// outage, up to five seconds; its answer ends that.
func TestPausesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(broken)
		if n := e.fail(t, doubtful); n != 5 {
			t.Fatalf("asked after %d failures, want 5", n)
		}
		outage := time.Now()
		for i := range 20 {
			begun := time.Now()
			want := min(max(begun.Sub(outage).Seconds()/2, 1), 5)
			if e.call(t, answered) {
				t.Fatalf("pause %d: a call was let through", i)
			}
			for len(e.asked) == i+1 {
				time.Sleep(10 * time.Millisecond)
				if e.call(t, answered) {
					t.Fatalf("pause %d: a call was let through", i)
				}
			}
			if took := time.Since(begun).Seconds(); took > want || took < 0.8*want {
				t.Errorf("pause %d was %.2fs, want about %.2fs", i, took, want)
			}
		}
		e.set(answered, 0)
		begun := time.Now()
		for !e.call(t, answered) {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("closed after %v", took)
		}
		if len(e.changes) != 2 || !e.changes[0].Open || e.changes[0].Failures != 5 || e.changes[1].Open || e.changes[1].Refused < 1000 || e.changes[1].After < 17*time.Second {
			t.Errorf("told %+v", e.changes)
		}
		e.set(broken, 0)
		time.Sleep(time.Second)
		e.fail(t, doubtful)
		time.Sleep(time.Second) // a new outage begins with a short pause
		before := len(e.asked)
		e.call(t, answered)
		if len(e.asked) != before+1 {
			t.Error("after a new outage the first pause is not the short one")
		}
	})
}

// AV-04: the first caller after a pause waits for our own question, and whatever it brings decides
// nothing.
func TestOurQuestionEndsAnOutage(t *testing.T) {
	for _, tt := range []struct {
		name string
		says admission.Outcome
		made bool
	}{
		{"our question is answered", answered, true},
		{"it fails", broken, false},
		{"it could not be asked, for a reason of ours", none, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEndpoint(broken)
				e.fail(t, broken)
				time.Sleep(time.Second)
				e.set(tt.says, 300*time.Millisecond)
				begun := time.Now()
				if made := e.call(t, doubtful); made != tt.made || time.Since(begun) != 300*time.Millisecond {
					t.Errorf("the call was made: %v after %v, want %v after 300ms", made, time.Since(begun), tt.made)
				}
				if made := e.call(t, answered); made != tt.made {
					t.Errorf("the next call was made: %v, want %v", made, tt.made)
				}
			})
		})
	}
}

// AV-03: our question holds up callers for a second at most; its answer counts all the same when it
// comes.
func TestOurQuestionHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(broken)
		e.fail(t, broken)
		time.Sleep(time.Second)
		e.set(answered, 2500*time.Millisecond)
		begun := time.Now()
		if e.call(t, answered) || time.Since(begun) != time.Second {
			t.Errorf("the caller waited %v, want a refusal after 1s", time.Since(begun))
		}
		if e.call(t, answered) {
			t.Error("let through before the answer")
		}
		e.set(broken, 0) // for the next question
		for time.Since(begun) < 2499*time.Millisecond {
			if e.call(t, answered) {
				t.Errorf("let through after %v, before the answer", time.Since(begun))
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if !e.call(t, answered) {
			t.Error("refused after the answer")
		}
	})
}

// A call that was under way when the circuit opened does not close it when it succeeds, and does
// not prolong a pause when it fails.
func TestLateOutcomes(t *testing.T) {
	for _, o := range []admission.Outcome{answered, doubtful, broken, none} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(broken)
			late, err := e.Enter(within(t), false)
			if err != nil {
				t.Fatal(err)
			}
			later, err := e.Enter(within(t), false)
			if err != nil {
				t.Fatal(err)
			}
			e.fail(t, broken)
			late.Done(o)
			if e.call(t, answered) {
				t.Errorf("%v: a late outcome closed the circuit", o)
			}
			time.Sleep(time.Second)
			e.set(answered, 500*time.Millisecond)
			go e.try(t, none) // makes us ask
			synctest.Wait()
			later.Done(o)
			go func() {
				begun := time.Now()
				if !e.try(t, none) || time.Since(begun) != 500*time.Millisecond {
					t.Errorf("%v: a late outcome ended our own question after %v", o, time.Since(begun))
				}
			}()
			time.Sleep(time.Second)
		})
	}
}

// While we doubt only, a call that is answered ends the doubt.
func TestAnAnswerEndsTheDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(broken)
		e.set(broken, 900*time.Millisecond)
		slow, err := e.Enter(within(t), false)
		if err != nil {
			t.Fatal(err)
		}
		e.fail(t, doubtful)
		go func() {
			time.Sleep(500 * time.Millisecond)
			slow.Done(answered)
		}()
		begun := time.Now()
		if !e.call(t, answered) || time.Since(begun) != 500*time.Millisecond {
			t.Errorf("the caller waited %v", time.Since(begun))
		}
		time.Sleep(time.Second) // our question has failed meanwhile
		if !e.call(t, answered) {
			t.Error("a question that was settled opened the circuit")
		}
	})
}

// A server's wish to be left alone is respected when our own question hears it too.
func TestStayAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(admission.Outcome{Evidence: admission.Doubtful, StayAway: time.Minute})
		if n := e.fail(t, admission.Outcome{Evidence: admission.Doubtful, StayAway: time.Minute}); n != 1 {
			t.Errorf("asked after %d failures", n)
		}
		time.Sleep(59 * time.Second)
		_, err := e.Enter(within(t), true)
		if r, ok := errors.AsType[*admission.RefusedError](err); !ok || math.Abs(r.Wait.Seconds()-1) > 0.1 {
			t.Errorf("got %v, want what is left of the minute", err)
		}
		if fmt.Sprint(err) != "the circuit is open for another 1s" {
			t.Errorf("got %q", err)
		}
		time.Sleep(time.Second)
		e.set(answered, 0)
		if !e.call(t, answered) {
			t.Error("refused after the minute")
		}
	})
}

// AV-05: a server may answer every unknown token, ours too, with an error. A real call in each of
// the long pauses finds out.
func TestServerThatFailsUnknownTokens(t *testing.T) {
	for _, tt := range []struct {
		name  string
		says  admission.Outcome
		trial bool
	}{{"a status", doubtful, true}, {"no answer at all", broken, false}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEndpoint(tt.says)
				e.fail(t, doubtful)
				begun := time.Now()
				calls := 0
				for time.Since(begun) < time.Minute {
					if e.call(t, doubtful) {
						calls++
						if time.Since(begun) < 10*time.Second {
							t.Errorf("a call was let through after %v", time.Since(begun))
						}
					}
					time.Sleep(100 * time.Millisecond)
				}
				if want := map[bool]int{true: 4}[tt.trial]; calls < want || calls > want+2 {
					t.Errorf("%d calls were let through in a minute, want about %d", calls, want)
				}
				for range 100 {
					e.call(t, answered)
					time.Sleep(100 * time.Millisecond)
				}
				if made := e.call(t, answered); made != tt.trial {
					t.Fatalf("after a call that was answered the circuit is closed: %v, want %v", made, tt.trial)
				}
				if !tt.trial {
					return
				}
				before := len(e.asked)
				for range 100 { // now it is known that an error status says nothing there
					time.Sleep(10 * time.Millisecond)
					e.call(t, doubtful)
				}
				if len(e.asked) != before || !e.call(t, broken) {
					t.Errorf("asked %d times more", len(e.asked)-before)
				}
			})
		})
	}
}

// AV-05: where our own question has been answered once, it alone ends an outage.
func TestNoTrialWhereOurQuestionWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(answered)
		e.fail(t, doubtful)
		e.set(doubtful, 0)
		time.Sleep(time.Second)
		e.fail(t, doubtful)
		for range 600 {
			if e.call(t, answered) {
				t.Fatal("a call was let through")
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// AV-10, AV-11: our own question may panic, or ignore its context for ever, again and again: the
// next good answer still counts.
func TestOurQuestionMisbehaves(t *testing.T) {
	for _, name := range []string{"panics", "never returns"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				var good atomic.Bool
				release := make(chan struct{})
				g := gate(func(c *admission.Config) {
					c.Ask = func(context.Context) admission.Outcome {
						asked.Add(1)
						if good.Load() {
							return answered
						}
						if name == "panics" {
							panic("boom")
						}
						<-release
						return broken
					}
				})
				for range 5 {
					p := must(t, g, false)
					p.Done(doubtful)
				}
				begun := time.Now()
				if _, err := g.Enter(within(t), false); err == nil || (time.Since(begun) > 0) != (name == "never returns") {
					t.Errorf("got %v after %v", err, time.Since(begun))
				}
				for range 600 {
					if p, err := g.Enter(within(t), false); err == nil {
						p.Done(doubtful)
					}
					time.Sleep(100 * time.Millisecond)
				}
				if name == "never returns" && asked.Load() != 8 {
					t.Errorf("%d questions hang, want 8", asked.Load())
				}
				good.Store(true)
				for range 120 {
					if p, err := g.Enter(within(t), false); err == nil {
						p.Done(answered)
					}
					time.Sleep(100 * time.Millisecond)
				}
				must(t, g, false).Done(answered)
				close(release)
			})
		})
	}
}
