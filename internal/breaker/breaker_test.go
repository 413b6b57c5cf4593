package breaker_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/breaker"
)

const (
	failures = 3
	pause    = 5 * time.Second
)

// A step lets some time pass, and then asks for one call and reports its outcome.
type step struct {
	after    time.Duration
	allowed  bool
	wait     time.Duration // what a refused caller is told
	outcome  breaker.Outcome
	stayAway time.Duration
}

// A35
func TestBreaker(t *testing.T) {
	ok := step{allowed: true, outcome: breaker.OK}
	fail := step{allowed: true, outcome: breaker.Failed}
	unknown := step{allowed: true, outcome: breaker.Unknown}
	told := func(d time.Duration) step { return step{allowed: true, outcome: breaker.Failed, stayAway: d} }
	refused := func(after, wait time.Duration) step { return step{after: after, wait: wait} }
	later := func(after time.Duration, s step) step { s.after = after; return s }

	tests := []struct {
		name  string
		steps []step
	}{
		{"it starts closed", []step{ok}},
		{"failures below the limit change nothing", []step{fail, fail, ok}},
		{"the limit opens it for the whole pause", []step{fail, fail, fail, refused(0, pause), refused(time.Second, 4*time.Second)}},
		{"a success between failures starts the count anew", []step{fail, fail, ok, fail, fail, ok}},
		{"an unknown outcome counts as neither", []step{fail, unknown, fail, unknown, fail, refused(0, pause)}},
		{"after the pause one call goes through, and its success closes it", []step{fail, fail, fail, later(pause, ok), ok, ok}},
		{"a failed probe opens it for another pause", []step{fail, fail, fail, later(pause, fail), refused(0, pause), later(pause, ok), ok}},
		{"an unknown probe lets the next call be one", []step{fail, fail, fail, later(pause, unknown), fail, refused(0, pause)}},
		{"a closed breaker counts from zero", []step{fail, fail, fail, later(pause, ok), fail, fail, ok}},
		{"the server's word opens it at the first failure", []step{told(7 * time.Second), refused(0, 7*time.Second), later(7*time.Second, ok)}},
		{"the server's word may be shorter than the pause", []step{fail, fail, told(time.Second), refused(0, time.Second)}},
		{"after the server's time one failure opens it again", []step{told(time.Second), later(time.Second, fail), refused(0, pause)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &breaker.Breaker{Failures: failures, Pause: pause}
				for i, s := range tt.steps {
					time.Sleep(s.after)
					pass, wait, allowed := b.Allow()
					if allowed != s.allowed || wait != s.wait {
						t.Fatalf("call %d: allowed %v, wait %v; want %v, %v", i+1, allowed, wait, s.allowed, s.wait)
					}
					if allowed {
						b.Done(pass, s.outcome, s.stayAway)
					}
				}
			})
		})
	}
}

func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t)
		time.Sleep(pause)
		probe, _, allowed := b.Allow()
		if !allowed {
			t.Fatal("no probe after the pause")
		}
		for range 3 {
			if _, wait, allowed := b.Allow(); allowed || wait <= 0 {
				t.Errorf("beside the probe: allowed %v, wait %v; want a refusal that says when to come back", allowed, wait)
			}
		}
		b.Done(probe, breaker.OK, 0)
		if _, _, allowed := b.Allow(); !allowed {
			t.Error("still open after the probe's success")
		}
	})
}

// IN-35: calls that were under way when the server named a time do not shorten it.
func TestLateOutcomes(t *testing.T) {
	tests := []struct {
		name    string
		outcome breaker.Outcome
		told    time.Duration // by the late one
		want    time.Duration // what is left of the pause
	}{
		{"a late success does not end the pause", breaker.OK, 0, 7 * time.Second},
		{"a late failure does not shorten it", breaker.Failed, 0, 7 * time.Second},
		{"a late failure that names a shorter time does not shorten it", breaker.Failed, time.Second, 7 * time.Second},
		{"a late failure that names a longer time prolongs it", breaker.Failed, 9 * time.Second, 9 * time.Second},
		{"a late unknown outcome changes nothing", breaker.Unknown, 0, 7 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &breaker.Breaker{Failures: failures, Pause: pause}
				late, _, _ := b.Allow()
				other, _, _ := b.Allow()
				b.Done(other, breaker.Failed, 7*time.Second)
				b.Done(late, tt.outcome, tt.told)
				if _, wait, allowed := b.Allow(); allowed || wait != tt.want {
					t.Errorf("allowed %v, wait %v; want a wait of %v", allowed, wait, tt.want)
				}
				time.Sleep(tt.want)
				probe, _, allowed := b.Allow()
				if !allowed {
					t.Fatal("no probe after the pause")
				}
				b.Done(probe, breaker.OK, 0)
				if _, _, allowed := b.Allow(); !allowed {
					t.Error("still open after the probe's success")
				}
			})
		})
	}
}

func TestProbeSuccessKeepsATimeNamedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker.Breaker{Failures: failures, Pause: pause}
		late, _, _ := b.Allow()
		for range failures {
			pass, _, _ := b.Allow()
			b.Done(pass, breaker.Failed, 0)
		}
		time.Sleep(pause)
		probe, _, _ := b.Allow()
		b.Done(late, breaker.Failed, 9*time.Second)
		b.Done(probe, breaker.OK, 0)
		if _, wait, allowed := b.Allow(); allowed || wait != 9*time.Second {
			t.Errorf("allowed %v, wait %v; want a wait of 9s", allowed, wait)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	b := &breaker.Breaker{Failures: failures, Pause: time.Nanosecond}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 1000 {
				if pass, _, ok := b.Allow(); ok {
					b.Done(pass, breaker.Outcome((i+k)%3), 0)
				}
			}
		})
	}
	wg.Wait()
	for range 2 { // whatever it is now, one good probe closes it
		if pass, _, ok := b.Allow(); ok {
			b.Done(pass, breaker.OK, 0)
		}
	}
	if _, _, ok := b.Allow(); !ok {
		t.Error("a probe was lost: the breaker never closes again")
	}
}

// open returns a Breaker that has just opened.
func open(t *testing.T) *breaker.Breaker {
	t.Helper()
	b := &breaker.Breaker{Failures: failures, Pause: pause}
	for range failures {
		pass, _, ok := b.Allow()
		if !ok {
			t.Fatal("open before the limit")
		}
		b.Done(pass, breaker.Failed, 0)
	}
	return b
}
