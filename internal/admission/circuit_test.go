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
		c.Probe, c.Changed = e.ask, func(x admission.Change) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.changes = append(e.changes, x)
		}
	})
	return e
}

func (e *endpoint) ask(ctx context.Context, sent func()) admission.Outcome {
	sent()
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
	p, err := e.Acquire(within(t), false)
	if err != nil {
		if _, ok := errors.AsType[*admission.CircuitOpenError](err); !ok {
			t.Errorf("Acquire: %v", err)
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
		{"five failures just after an answer", 149 * time.Millisecond, []admission.Outcome{doubtful, doubtful, doubtful, doubtful, doubtful}, 0},
		{"five failures a while after an answer", 150 * time.Millisecond, []admission.Outcome{doubtful, doubtful, doubtful, doubtful, doubtful}, 1},
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

// AV-03: what becomes of an earlier question of our own says nothing about the one that is under way.
func TestAnEarlierQuestionFailsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(broken)
		e.call(t, answered)
		time.Sleep(time.Second)
		e.set(broken, 2500*time.Millisecond) // it is taken for failed after 1s
		e.fail(t, broken)
		time.Sleep(2100 * time.Millisecond) // the pause is over
		e.set(answered, 900*time.Millisecond)
		begun := time.Now()
		if !e.call(t, none) || time.Since(begun) != 900*time.Millisecond {
			t.Errorf("the caller waited %v, want for our second question", time.Since(begun))
		}
	})
}

// A call that was under way when the circuit opened does not close it when it succeeds, and does
// not prolong a pause when it fails.
func TestLateOutcomes(t *testing.T) {
	for _, o := range []admission.Outcome{answered, doubtful, broken, none} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(broken)
			late, err := e.Acquire(within(t), false)
			if err != nil {
				t.Fatal(err)
			}
			later, err := e.Acquire(within(t), false)
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
		slow, err := e.Acquire(within(t), false)
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
		_, err := e.Acquire(within(t), true)
		if r, ok := errors.AsType[*admission.CircuitOpenError](err); !ok || math.Abs(r.Wait.Seconds()-1) > 0.1 {
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
				if want := map[bool]int{true: 2}[tt.trial]; calls < want || calls > want+2 {
					t.Errorf("%d calls were let through in a minute, want about %d", calls, want)
				}
				for range 250 {
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

// AV-05: our own question may be answered once and fail for ever after, because somebody has banned
// its token: good tokens get in all the same.
func TestOurQuestionIsBannedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(answered)
		e.fail(t, doubtful)
		e.set(doubtful, 0)
		time.Sleep(time.Second)
		e.fail(t, doubtful)
		served := 0
		for range 600 {
			if e.call(t, answered) {
				served++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if served < 400 {
			t.Errorf("%d of 600 calls were made, want all but those of the first 20s", served)
		}
	})
}

// AV-05: what was learnt about such a server is not forgotten because connections break meanwhile.
func TestWhatWasLearntStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(doubtful)
		e.fail(t, doubtful)
		for range 300 {
			e.call(t, answered)
			time.Sleep(100 * time.Millisecond)
		}
		refused := 0
		for i := range 600 {
			if i%100 == 0 {
				for range 6 {
					e.call(t, broken)
				}
			}
			if !e.call(t, doubtful) {
				refused++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if refused > 0 {
			t.Errorf("%d of 600 calls were refused", refused)
		}
	})
}

// AV-14, AV-01: where all answers take long, callers do not wait for our own question, and it has
// longer to be answered: one bad token makes no outage of a slow server.
func TestSlowServerAndOneBadToken(t *testing.T) {
	for _, takes := range []time.Duration{600 * time.Millisecond, 1500 * time.Millisecond, 2400 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(answered)
			e.set(answered, takes)
			slow := func() {
				p, err := e.Acquire(within(t), false)
				if err != nil {
					t.Errorf("%v: %v", takes, err)
					return
				}
				time.Sleep(takes)
				p.Done(answered)
			}
			for range 20 {
				go slow()
				time.Sleep(200 * time.Millisecond)
			}
			for range 100 {
				go slow()
				begun := time.Now()
				p, err := e.Acquire(within(t), false)
				if err != nil || time.Since(begun) > 0 {
					t.Errorf("%v: a caller got %v after %v", takes, err, time.Since(begun))
				} else {
					p.Done(admission.Outcome{Evidence: admission.Doubtful, StayAway: time.Minute})
				}
				time.Sleep(200 * time.Millisecond)
			}
			time.Sleep(6 * time.Second)
			synctest.Wait()
			if len(e.asked) < 5 || len(e.changes) > 0 {
				t.Errorf("%v: asked %d times, told %+v", takes, len(e.asked), e.changes)
			}
		})
	}
}

// AV-14, AV-01: as long as nothing was answered, nobody knows whether the endpoint is slow: callers go
// on after a second, and our question is heard to its end.
func TestNothingIsKnownYet(t *testing.T) {
	for _, says := range []admission.Outcome{answered, broken} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(says)
			e.set(says, 3*time.Second)
			e.fail(t, broken)
			begun := time.Now()
			if !e.call(t, none) || time.Since(begun) != time.Second {
				t.Errorf("a caller waited %v, want 1s", time.Since(begun))
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if made := e.call(t, none); made != (says == answered) {
				t.Errorf("our question got %+v after 3s, and the next call was made: %v", says, made)
			}
			time.Sleep(5 * time.Second)
		})
	}
}

// AV-03: but where our own question fails at a slow server, the circuit opens.
func TestSlowServerThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(answered)
		for range 30 {
			p, err := e.Acquire(within(t), false)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			p.Done(answered)
		}
		e.set(broken, 100*time.Millisecond)
		time.Sleep(time.Second)
		e.fail(t, broken)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if e.call(t, answered) {
			t.Error("a call was made")
		}
	})
}

// AV-01, AV-02: a wish to be left alone has to be heard by our own question, too: that it fails by
// chance is not enough.
func TestOurQuestionMustHearTheWish(t *testing.T) {
	for _, tt := range []struct {
		says admission.Outcome
		open bool
	}{{doubtful, false}, {broken, true}, {admission.Outcome{Evidence: admission.Doubtful, StayAway: time.Second}, true}} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(tt.says)
			e.call(t, answered)
			time.Sleep(time.Second)
			e.call(t, admission.Outcome{Evidence: admission.Doubtful, StayAway: time.Minute})
			if made := e.call(t, answered); made == tt.open || len(e.asked) != 1 {
				t.Errorf("%+v: the next call was made: %v, after %d questions", tt.says, made, len(e.asked))
			}
		})
	}
}

// AV-03: our question waits for our own token until it is sent: that says nothing about the endpoint.
func TestOurQuestionIsNotSentYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) {
			c.Probe = func(ctx context.Context, sent func()) admission.Outcome {
				time.Sleep(1500 * time.Millisecond) // for a token
				sent()
				time.Sleep(300 * time.Millisecond)
				return answered
			}
		})
		for range 5 {
			must(t, g, true).Done(broken)
		}
		begun := time.Now()
		p, err := g.Acquire(within(t), true)
		if err != nil || time.Since(begun) != 1800*time.Millisecond {
			t.Fatalf("got %v after %v", err, time.Since(begun))
		}
		p.Done(answered)
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
					c.Probe = func(_ context.Context, sent func()) admission.Outcome {
						sent()
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
				must(t, g, false).Done(answered)
				time.Sleep(time.Second)
				for range 5 {
					p := must(t, g, false)
					p.Done(doubtful)
				}
				begun := time.Now()
				if _, err := g.Acquire(within(t), false); err == nil || (time.Since(begun) > 0) != (name == "never returns") {
					t.Errorf("got %v after %v", err, time.Since(begun))
				}
				for range 600 {
					if p, err := g.Acquire(within(t), false); err == nil {
						p.Done(doubtful)
					}
					time.Sleep(100 * time.Millisecond)
				}
				if name == "never returns" && asked.Load() != 8 {
					t.Errorf("%d questions hang, want 8", asked.Load())
				}
				good.Store(true)
				for range 300 { // a real call has its turn in each fourth of the long pauses
					if p, err := g.Acquire(within(t), false); err == nil {
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
