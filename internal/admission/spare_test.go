package admission_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
)

// spares takes as many slots for background calls as there are.
func spares(ctx context.Context, g *admission.Gate) (passes []*admission.Pass) {
	for p := g.Spare(ctx); p != nil; p = g.Spare(ctx) {
		passes = append(passes, p)
	}
	return passes
}

// HT-03: background calls begin only while half of the slots are free, theirs included.
func TestSparesLeaveHalfOfTheSlots(t *testing.T) {
	for _, tt := range []struct{ slots, callers, want int }{
		{4, 0, 2}, {4, 1, 1}, {4, 2, 0}, {4, 4, 0}, {1, 0, 0}, {2, 0, 1}, {3, 0, 1}, {64, 0, 32}, {64, 31, 1}, {64, 32, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := gate(func(c *admission.Config) { c.Slots = tt.slots })
			for range tt.callers {
				defer must(t, g, true).Done(answered)
			}
			for range 2 { // Done gives the slots back
				got := spares(within(t), g)
				if len(got) != tt.want {
					t.Errorf("%d slots, %d callers: %d background calls, want %d", tt.slots, tt.callers, len(got), tt.want)
				}
				for _, p := range got {
					p.Done(answered)
				}
			}
			if got := g.Stats().InFlight; got != tt.callers {
				t.Errorf("%d in flight, want %d", got, tt.callers)
			}
		})
	}
}

// HT-03: a caller that has to wait gets the slot of a background call, the newest, and one only. The cancelled call
// shows nothing about the endpoint.
func TestSparesGiveWayToCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate()
		first, second := g.Spare(within(t)), g.Spare(within(t))
		for range 2 {
			defer must(t, g, true).Done(answered)
		}
		if first.Context().Err() != nil || second.Context().Err() != nil {
			t.Fatal("a background call was cancelled though no caller waits")
		}
		for i, p := range []*admission.Pass{second, first} {
			got := make(chan *admission.Pass)
			go func() { caller, _ := g.Acquire(within(t), true); got <- caller }()
			synctest.Wait()
			if cause := context.Cause(p.Context()); cause != admission.ErrGaveWay {
				t.Fatalf("caller %d waits, and the background call goes on: %v", i, cause)
			}
			if i == 0 && first.Context().Err() != nil {
				t.Fatal("both were cancelled for one caller")
			}
			p.Done(none)
			defer (<-got).Done(answered)
		}
		if g.Spare(within(t)) != nil {
			t.Error("a background call has a slot though none is free")
		}
	})
}

// A caller that another slot would not help has no background call cancelled.
func TestSparesGoOnWhereTheirSlotHelpsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots = 8 }) // strangers have six
		for range 3 {
			defer must(t, g, false).Done(answered)
		}
		spare := g.Spare(within(t))
		for range 3 {
			defer must(t, g, false).Done(answered)
		}
		defer must(t, g, true).Done(answered) // eight of eight
		ctx, leave := context.WithCancel(within(t))
		go g.Acquire(ctx, false)
		synctest.Wait()
		if g.Stats().Waiting != 1 || spare.Context().Err() != nil {
			t.Errorf("%d wait, and the background call: %v", g.Stats().Waiting, context.Cause(spare.Context()))
		}
		leave()
		synctest.Wait()
		spare.Done(answered)
	})
	synctest.Test(t, func(t *testing.T) { // a caller that waits for a probe has a slot
		g := gate(func(c *admission.Config) {
			c.Slots = 20
			c.Probe = func(ctx context.Context, sent func()) admission.Outcome {
				sent()
				time.Sleep(500 * time.Millisecond)
				return answered
			}
		})
		must(t, g, true).Done(answered) // so the speed of the endpoint is known
		time.Sleep(200 * time.Millisecond)
		spare := g.Spare(within(t))
		for range 5 {
			must(t, g, true).Done(broken)
		}
		var c callers
		c.enter(g, within(t), "caller", true, 0)
		if g.Stats().Waiting != 1 || spare.Context().Err() != nil {
			t.Errorf("%d wait, and the background call: %v", g.Stats().Waiting, context.Cause(spare.Context()))
		}
		if g.Spare(within(t)) != nil {
			t.Error("a background call begins while callers wait for a probe")
		}
		spare.Done(answered)
		if got := c.String(); got != "caller" {
			t.Errorf("got %s", got)
		}
		time.Sleep(time.Second)
	})
}

// HT-03: the circuit holds background calls back as others, they are evidence as others, and they are not counted among the
// refused.
func TestSparesAndTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		var changes []admission.Change
		g := gate(func(c *admission.Config) {
			c.Slots = 20
			c.Changed = func(c admission.Change) { changes = append(changes, c) }
			c.Probe = func(_ context.Context, sent func()) admission.Outcome {
				sent()
				if up {
					return answered
				}
				return broken
			}
		})
		passes := spares(within(t), g)
		time.Sleep(200 * time.Millisecond)
		for _, p := range passes {
			p.Done(broken)
		}
		synctest.Wait()
		if !g.Stats().Open {
			t.Fatal("ten failed background calls do not count")
		}
		if g.Spare(within(t)) != nil {
			t.Error("a background call begins while the circuit is open")
		}
		time.Sleep(5 * time.Second)
		if g.Spare(within(t)) != nil {
			t.Error("a background call begins an attempt after the pause")
		}
		up = true
		must(t, g, true).Done(answered)
		synctest.Wait()
		if got := spares(within(t), g); len(got) != 10 {
			t.Errorf("%d background calls after the outage, want 10", len(got))
		}
		if len(changes) != 2 || changes[1].Refused != 0 {
			t.Errorf("got %+v, want an opening and a closing with none refused", changes)
		}
	})
}

// A call that ignores that it gave way keeps its slot no longer than others.
func TestSpareThatIsDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots, c.Patience = 2, 10*time.Second })
		deaf := g.Spare(within(t))
		defer must(t, g, true).Done(answered)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		p, err := g.Acquire(ctx, true)
		if err != nil || p.Waited() != 5*time.Second+100*time.Millisecond {
			t.Fatalf("got %v", err)
		}
		p.Done(answered)
		deaf.Done(answered)
	})
}
