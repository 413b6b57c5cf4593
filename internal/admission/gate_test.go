package admission_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
)

// gate returns a Gate with 4 slots, one of them for known tokens only, that waits 2s and holds 5
// callers. Its own question is answered.
func gate(change ...func(*admission.Config)) *admission.Gate {
	c := admission.Config{
		Slots: 4, Waiting: 5, Patience: 2 * time.Second, Timeout: 5 * time.Second,
		Probe: func(_ context.Context, sent func()) admission.Outcome { sent(); return answered },
	}
	for _, f := range change {
		f(&c)
	}
	return admission.New(c)
}

var (
	answered = admission.Outcome{Evidence: admission.Answered}
	good     = admission.Outcome{Evidence: admission.Answered, Good: true}
	doubtful = admission.Outcome{Evidence: admission.Doubtful}
	broken   = admission.Outcome{Evidence: admission.Broken}
	none     = admission.Outcome{}
)

// within returns a context that ends in 5s, as that of a flight does.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// must enters at once.
func must(t *testing.T, g *admission.Gate, known bool) *admission.Pass {
	t.Helper()
	begun := time.Now()
	p, err := g.Acquire(within(t), known)
	if err != nil || time.Since(begun) != 0 {
		t.Fatalf("Acquire: %v after %v, want a slot at once", err, time.Since(begun))
	}
	return p
}

// callers enter one after the other, hold their slots for a while, and note how it went.
type callers struct {
	mu  sync.Mutex
	all sync.WaitGroup
	log []string
}

func (c *callers) enter(g *admission.Gate, ctx context.Context, name string, known bool, hold time.Duration) {
	c.all.Go(func() {
		p, err := g.Acquire(ctx, known)
		if err != nil {
			c.note(fmt.Sprintf("%s: %v", name, err))
			return
		}
		c.note(name)
		time.Sleep(hold)
		p.Done(answered)
	})
	synctest.Wait()
}

func (c *callers) note(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, s)
}

func (c *callers) String() string {
	c.all.Wait()
	return strings.Join(c.log, ", ")
}

// AV-06: strangers cannot take the last quarter of the slots; who was active before can take all.
func TestSlots(t *testing.T) {
	for _, tt := range []struct{ slots, strangers int }{{1, 1}, {3, 3}, {4, 3}, {5, 4}, {8, 6}, {64, 48}} {
		for _, known := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				g := gate(func(c *admission.Config) { c.Slots = tt.slots })
				want := tt.strangers
				if known {
					want = tt.slots
				}
				var held []*admission.Pass
				for range want {
					held = append(held, must(t, g, known))
				}
				if _, err := g.Acquire(within(t), known); err == nil {
					t.Errorf("%d slots, known %v: more than %d got in", tt.slots, known, want)
				}
				for _, p := range held {
					p.Done(answered)
					p.Done(answered) // counts once
				}
				for range want {
					held = append(held, must(t, g, known))
				}
				if _, err := g.Acquire(within(t), known); err == nil {
					t.Errorf("%d slots, known %v: a slot was given back twice", tt.slots, known)
				}
				for _, p := range held {
					p.Done(answered)
				}
			})
		}
	}
}

// AV-15: one in four is the oldest, so that nobody starves in a crowd.
func TestTheOldestHasATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots, c.Waiting = 1, 20 })
		p := must(t, g, true)
		var c callers
		for i := range 8 {
			c.enter(g, within(t), fmt.Sprint(i), false, time.Millisecond)
		}
		p.Done(answered)
		if got, want := c.String(), "7, 6, 5, 0, 4, 3, 2, 1"; got != want {
			t.Errorf("they went %s, want %s", got, want)
		}
	})
}

// AV-06, AV-15: of those who wait, who was active before goes first, and then the newest.
func TestWhoGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots = 1 })
		p := must(t, g, true)
		var c callers
		for i, known := range []bool{false, true, false, true} {
			c.enter(g, within(t), fmt.Sprint(i), known, time.Millisecond)
		}
		p.Done(answered)
		if got, want := c.String(), "3, 1, 2, 0"; got != want {
			t.Errorf("they went %s, want %s", got, want)
		}
	})
}

// AV-07: the queue is bounded; who has waited longest makes room, strangers before those who were
// active.
func TestWaitingIsBounded(t *testing.T) {
	const s, k = false, true
	for _, tt := range []struct {
		come []bool
		want string
	}{
		{[]bool{s, s, s}, "0: too many calls are waiting already, 2, 1"},
		{[]bool{k, s, s}, "1: too many calls are waiting already, 0, 2"},
		{[]bool{k, k, s}, "2: too many calls are waiting already, 1, 0"},
		{[]bool{k, k, k}, "0: too many calls are waiting already, 2, 1"},
		{[]bool{s, s, k}, "0: too many calls are waiting already, 2, 1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := gate(func(c *admission.Config) { c.Slots, c.Waiting = 1, 2 })
			p := must(t, g, true)
			var c callers
			for i, known := range tt.come {
				c.enter(g, within(t), fmt.Sprint(i), known, time.Millisecond)
			}
			p.Done(answered)
			if got := c.String(); got != tt.want {
				t.Errorf("%v: %s, want %s", tt.come, got, tt.want)
			}
		})
	}
}

// AV-07: nobody waits longer than patience or his context, and who has left takes no slot.
func TestHowLongOneWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots = 1 })
		p := must(t, g, true)
		begun := time.Now()
		if _, err := g.Acquire(within(t), true); err == nil || time.Since(begun) != 2*time.Second {
			t.Errorf("got %v after %v, want an error after 2s", err, time.Since(begun))
		}
		left := errors.New("left")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, left)
		defer cancel()
		if _, err := g.Acquire(ctx, true); !errors.Is(err, left) || time.Since(begun) != 3*time.Second {
			t.Errorf("got %v after %v, want the caller's own cause after 1s", err, time.Since(begun)-2*time.Second)
		}
		p.Done(answered)
		must(t, g, true).Done(answered)
	})
}

// A call's context ends with the caller's, and when it is done.
func TestContextOfACall(t *testing.T) {
	g := gate()
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
	p, err := g.Acquire(ctx, true)
	if err != nil || p.Context().Value(key{}) != "v" || p.Context().Err() != nil {
		t.Fatalf("got %v, %v", p, err)
	}
	cancel()
	if p.Context().Err() == nil {
		t.Error("the call outlives its caller")
	}
	p.Done(none)
	q, err := g.Acquire(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	q.Done(answered)
	if q.Context().Err() == nil {
		t.Error("the context is kept alive when the call is over")
	}
}

// AV-01, AV-15: a call that hangs while later ones are answered gives its slot to who waits, and
// only then.
func TestHungCallsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate()
		hung := []*admission.Pass{must(t, g, false), must(t, g, false)}
		time.Sleep(249 * time.Millisecond)
		quick := must(t, g, false) // 249 ms later
		quick.Done(good)
		hung = append(hung, must(t, g, false))
		var c callers
		c.enter(g, within(t), "waits", false, 0)
		for i, p := range hung {
			if p.Context().Err() != nil {
				t.Errorf("call %d was given up too early", i)
			}
		}
		time.Sleep(time.Millisecond)
		must(t, g, true).Done(good) // 250 ms later
		synctest.Wait()
		for i, p := range hung {
			given := context.Cause(p.Context()) == admission.ErrOvertaken
			if want := i == 0; given != want {
				t.Errorf("call %d was given up: %v, want %v: one for one who waits, the oldest", i, given, want)
			}
		}
		hung[0].Done(none)
		if got := c.String(); got != "waits" {
			t.Errorf("got %s", got)
		}
		if hung[1].Context().Err() != nil {
			t.Error("a call was given up though nobody waits")
		}
		hung[1].Done(answered)
		hung[2].Done(answered)
	})
}

// A good token may take the server longer than garbage does: what is answered about garbage gives
// up calls that are late by much only.
func TestGarbageDoesNotOvertakeGoodTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Patience = 5 * time.Second })
		slow := []*admission.Pass{must(t, g, false), must(t, g, false), must(t, g, false)}
		var c callers
		c.enter(g, within(t), "waits", false, 0)
		for range 19 {
			time.Sleep(100 * time.Millisecond)
			must(t, g, true).Done(answered)
		}
		for i, p := range slow {
			if p.Context().Err() != nil {
				t.Errorf("call %d was given up after %v", i, 1900*time.Millisecond)
			}
		}
		time.Sleep(100 * time.Millisecond)
		must(t, g, true).Done(answered)
		synctest.Wait()
		if context.Cause(slow[0].Context()) != admission.ErrOvertaken {
			t.Error("a call was not given up after 2s")
		}
		for _, p := range slow {
			p.Done(none)
		}
		c.all.Wait()
	})
}

// A call for a known token is given up for another known one only: its slot is of no use to a
// stranger.
func TestKnownCallsAreNotGivenUpForStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate()
		hung := must(t, g, true)
		strangers := []*admission.Pass{must(t, g, false), must(t, g, false)}
		time.Sleep(time.Second)
		must(t, g, true).Done(good)
		strangers = append(strangers, must(t, g, false))
		var c callers
		c.enter(g, within(t), "a stranger", false, 0)
		c.enter(g, within(t), "another", false, 0)
		c.enter(g, within(t), "a third", false, 0)
		if hung.Context().Err() != nil {
			t.Error("a known call was given up for strangers")
		}
		c.enter(g, within(t), "known", true, 0)
		if context.Cause(hung.Context()) != admission.ErrOvertaken {
			t.Error("a known call was not given up for a known one")
		}
		hung.Done(none)
		synctest.Wait()
		for _, p := range strangers {
			p.Done(none)
		}
		if got := c.String(); !strings.HasPrefix(got, "known") {
			t.Errorf("they went %s", got)
		}
	})
}

// AV-14: where all calls are slow, none is given up.
func TestSlowCallsAreNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) {
			c.Patience, c.Waiting = 5*time.Second, 100
			c.Probe = func(_ context.Context, sent func()) admission.Outcome {
				sent()
				time.Sleep(3 * time.Second)
				return answered
			}
		})
		var given atomic.Int32
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				p, err := g.Acquire(within(t), false)
				if err != nil {
					return
				}
				time.Sleep(2900 * time.Millisecond)
				if p.Context().Err() != nil && context.Cause(p.Context()) == admission.ErrOvertaken {
					given.Add(1)
				}
				p.Done(answered)
			})
			time.Sleep(250 * time.Millisecond)
		}
		all.Wait()
		time.Sleep(5 * time.Second)
		if given.Load() > 0 {
			t.Errorf("%d calls were given up", given.Load())
		}
	})
}

// AV-01: when every slot is taken by calls that hang, a question of our own shows that the endpoint
// answers, and they make room.
func TestOurQuestionShowsWhoHangs(t *testing.T) {
	for _, answers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			g := gate(func(c *admission.Config) {
				c.Probe = func(ctx context.Context, sent func()) admission.Outcome {
					sent()
					asked++
					if answers {
						return answered
					}
					<-ctx.Done()
					return broken
				}
			})
			time.Sleep(time.Minute)
			hung := []*admission.Pass{must(t, g, false), must(t, g, false), must(t, g, false)}
			time.Sleep(1100 * time.Millisecond)
			var c callers
			c.enter(g, within(t), "waits", false, 0)
			time.Sleep(time.Second)
			synctest.Wait()
			n := 0
			for _, p := range hung {
				if context.Cause(p.Context()) == admission.ErrOvertaken {
					n++
				}
			}
			if want := map[bool]int{true: 1}[answers]; n != want || asked != 1 {
				t.Errorf("our question is answered %v: %d calls were given up after %d questions, want %d after 1", answers, n, asked, want)
			}
			for _, p := range hung {
				p.Done(none)
			}
			if got := c.String(); got != "waits" {
				t.Errorf("got %s", got)
			}
			time.Sleep(5 * time.Second)
		})
	}
}

// AV-10: the slot of a call that ignores its context is taken back; of such calls there are as many
// as slots at most.
func TestCallsThatIgnoreTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots = 2 })
		deaf := []*admission.Pass{must(t, g, true), must(t, g, true)}
		time.Sleep(5*time.Second + 99*time.Millisecond)
		if _, err := g.Acquire(brief(t), true); err == nil {
			t.Error("a slot was taken back too early")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		deaf = append(deaf, must(t, g, true), must(t, g, true))
		time.Sleep(time.Minute)
		if _, err := g.Acquire(brief(t), true); err == nil {
			t.Error("calls that ignore their context are not bounded")
		}
		for _, p := range deaf {
			p.Done(answered)
		}
		must(t, g, true).Done(answered)
	})
}

// AV-10: a call that could not be abandoned, because too many ignored their contexts, is abandoned
// as soon as one of these ends.
func TestAbandonedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate(func(c *admission.Config) { c.Slots = 1 })
		first := must(t, g, true)
		time.Sleep(6 * time.Second)
		second := must(t, g, true) // the first was abandoned
		time.Sleep(6 * time.Second)
		if _, err := g.Acquire(brief(t), true); err == nil {
			t.Fatal("two calls that ignore their contexts were abandoned, want one for one slot")
		}
		first.Done(none)
		must(t, g, true).Done(answered)
		second.Done(none)
		must(t, g, true).Done(answered)
	})
}

// brief is the context of a caller without patience.
func brief(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	return ctx
}

// Whatever callers do at once, no slot is lost and none is given twice.
func TestManyCallers(t *testing.T) {
	g := gate(func(c *admission.Config) { c.Patience, c.Waiting = time.Minute, 50 })
	var now, most, refused atomic.Int32
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if i%3 == 0 {
				go cancel()
			}
			p, err := g.Acquire(ctx, i%2 == 0)
			if err != nil {
				refused.Add(1)
				return
			}
			for n := now.Add(1); n > most.Load(); {
				most.Store(n)
			}
			now.Add(-1)
			p.Done([]admission.Outcome{answered, doubtful, none}[i%3])
		})
	}
	all.Wait()
	if most.Load() > 4 {
		t.Errorf("%d calls at once, want 4 at most", most.Load())
	}
	var held []*admission.Pass
	for range 4 {
		held = append(held, must2(t, g))
	}
	for p := range slices.Values(held) {
		p.Done(answered)
	}
}

// must2 enters without a look at the time.
func must2(t *testing.T, g *admission.Gate) *admission.Pass {
	t.Helper()
	p, err := g.Acquire(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
