package admission_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
)

// Stats counts the calls that have a slot and those that wait, and nothing when all are over.
func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots = 2 })
		first, second := must(t, g, true), must(t, g, true)
		var c callers
		for range 3 {
			c.enter(g, within(t), "waits", false, time.Millisecond)
		}
		if got, want := g.Stats(), (admission.Stats{InFlight: 2, Waiting: 3}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		first.Done(answered)
		synctest.Wait()
		if got, want := g.Stats(), (admission.Stats{InFlight: 2, Waiting: 2}); got != want {
			t.Errorf("a slot came free: got %+v, want %+v", got, want)
		}
		second.Done(answered)
		c.all.Wait()
		if got := g.Stats(); got != (admission.Stats{}) {
			t.Errorf("all is over: got %+v", got)
		}
	})
}

// Stats.Open is true from the event that the circuit opened until the event that it closed.
func TestStatsOfAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(broken)
		check := func(when string, want bool) {
			t.Helper()
			if got := e.Stats().Open; got != want {
				t.Errorf("%s: open is %v, want %v", when, got, want)
			}
		}
		check("at first", false)
		e.fail(t, broken)
		check("after a failed probe", true)
		time.Sleep(time.Second)
		e.set(answered, 500*time.Millisecond)
		go e.try(t, answered)
		synctest.Wait()
		check("while the next probe is under way", true)
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		check("after its answer", false)
	})
}

// A pass knows how long its call waited, and in which lane.
func TestWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots = 1 })
		first := must(t, g, true)
		if first.Waited() != 0 || !first.Known() {
			t.Errorf("a slot at once: waited %v, known %v", first.Waited(), first.Known())
		}
		time.AfterFunc(300*time.Millisecond, func() { first.Done(answered) })
		second, err := g.Acquire(within(t), false)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if second.Waited() != 300*time.Millisecond || second.Known() {
			t.Errorf("waited %v, known %v, want 300ms in the lane of unknown tokens", second.Waited(), second.Known())
		}
		second.Done(answered)
	})
}

// A caller that waits for a probe has waited, too.
func TestWaitedForAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(broken)
		e.fail(t, broken)
		time.Sleep(time.Second)
		e.set(answered, 300*time.Millisecond)
		p, err := e.Acquire(within(t), true)
		if err != nil || p.Waited() != 300*time.Millisecond {
			t.Fatalf("got %v after %v, want a slot after 300ms", err, p.Waited())
		}
		p.Done(answered)
	})
}

// Each transition is one event. They come in order and one at a time, even if the hook takes its
// time and later transitions are made by other goroutines; the hook may use the gate.
func TestChangesComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var opened []bool
		e := newEndpoint(broken)
		e.Gate = gate(func(c *admission.Config) {
			c.Slots, c.Probe = 64, e.ask
			c.Changed = func(x admission.Change) {
				if !mu.TryLock() {
					t.Error("two events at once")
					return
				}
				defer mu.Unlock()
				opened = append(opened, x.Open)
				e.Stats()
				time.Sleep(10 * time.Second)
			}
		})
		for range 3 {
			e.set(broken, 0)
			e.fail(t, broken)
			time.Sleep(time.Second)
			e.set(answered, 0)
			go e.try(t, answered)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if want := []bool{true, false, true, false, true, false}; !slices.Equal(opened, want) {
			t.Errorf("opened %v, want %v", opened, want)
		}
	})
}

// A failed probe in an outage prolongs it and is no event.
func TestAnOutageIsTwoEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(broken)
		e.fail(t, broken)
		for range 100 {
			e.call(t, answered)
			time.Sleep(100 * time.Millisecond)
		}
		if len(e.changes) != 1 || e.changes[0].Failures != 5 || e.changes[0].Pause < 800*time.Millisecond || e.changes[0].Pause > time.Second {
			t.Errorf("got %+v, want one event: opened after 5 failures for about a second", e.changes)
		}
		refused := 0
		e.set(answered, 0)
		for !e.call(t, answered) {
			refused++
			time.Sleep(100 * time.Millisecond)
		}
		last := e.changes[len(e.changes)-1]
		if len(e.changes) != 2 || last.Open || last.Refused != 100+refused || last.After < 10*time.Second {
			t.Errorf("got %+v, want a second event: closed, with %d calls refused", e.changes, 100+refused)
		}
	})
}
