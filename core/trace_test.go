package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// diary keeps one line for each event of a Trace.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// tear returns the lines so far, and starts anew.
func (d *diary) tear() string {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := strings.Join(d.lines, ", ")
	d.lines = nil
	return lines
}

func (d *diary) trace() core.Trace {
	return core.Trace{
		Looked: func(_ context.Context, i core.LookedInfo) { d.note("looked: %s", i.Result) },
		Joined: func(context.Context, core.JoinedInfo) { d.note("joined") },
		Waited: func(_ context.Context, i core.WaitedInfo) {
			d.note("waited %v, known %v, error %v", i.Took, i.Known, i.Err != nil)
		},
		Retried: func(_ context.Context, i core.RetriedInfo) { d.note("retried after an error: %v", i.Err != nil) },
		Introspected: func(_ context.Context, i core.IntrospectedInfo) {
			d.note("introspected in %v, attempts %d, began %v ago, error %v", i.Took.Truncate(time.Second), i.Attempts, time.Since(i.Began).Truncate(time.Second), i.Err != nil)
		},
		CircuitChanged: func(i core.CircuitChangedInfo) {
			d.note("circuit open %v, failures %v, error %v, after %v", i.Open, i.Failures > 0, i.Err != nil, i.After > 0)
		},
		Renewed: func(r tokensource.Renewal) {
			d.note("renewed %v: %s, error %v", r.Source != nil, r.Trigger, r.Err != nil)
		},
		Decided: func(_ context.Context, i core.DecidedInfo) {
			status := 200
			if i.Denial != nil {
				status = i.Denial.Status
			}
			d.note("decided for %q: %d", i.Principal.ClientID(), status)
		},
	}
}

// Each event of a request, of its call and of our own token is told once, in its order.
func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.SetAnswer(t1, active)
		srv.SetAnswer("t2", active)
		var d diary
		v := mobileFirst(t, srv, func(c *core.Config) { c.Trace, c.MaxInFlight = d.trace(), 1 })
		expect := func(when, want string) {
			t.Helper()
			if got := d.tear(); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", when, got, want)
			}
		}
		ask := func(token string) { authorize(t.Context(), v, bearer(token), core.Authenticated()) }

		ask(t1)
		// The renewal is told by a goroutine of its own, sooner or later than the rest.
		got := strings.Split(d.tear(), ", renewed true: absent, error false")
		want := `looked: miss, introspected in 0s, attempts 1, began 0s ago, error false, decided for "c1": 200`
		if len(got) != 2 || strings.Join(got, "") != want {
			t.Errorf("the first request: got %q, want %s, and a renewal", got, want)
		}
		ask(t1)
		expect("a hit", `looked: hit, decided for "c1": 200`)
		authorize(t.Context(), v, nil, core.Authenticated())
		expect("no token", `decided for "": 401`)

		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		go ask("t2")
		synctest.Wait()
		go ask("t2")
		synctest.Wait()
		go ask("t3") // waits for the only slot
		synctest.Wait()
		if got, want := v.Stats(), (core.Stats{ActiveEntries: 1, ActiveBytes: v.Stats().ActiveBytes, InFlight: 1, Waiting: 1}); got != want {
			t.Errorf("while a call is under way: got %+v, want %+v", got, want)
		}
		time.Sleep(2 * time.Second)
		if got := strings.Split(d.tear(), ", "); !slices.Contains(got, "joined") || !slices.Contains(got, "waited 1s") {
			t.Errorf("two requests with one token, and one more: got %q", got)
		}
		if got := v.Stats(); got.ActiveEntries != 2 || got.InactiveEntries != 1 || got.ActiveBytes <= 0 || got.InFlight+got.Waiting != 0 {
			t.Errorf("then: got %+v", got)
		}

		srv.Inject(coretest.Introspection, 1, coretest.Status(500))
		ask("t4")
		expect("a repetition", `looked: miss, retried after an error: true, `+
			`introspected in 0s, attempts 2, began 0s ago, error false, decided for "": 401`)
	})
}

// An outage is two events, and Stats says that it lasts.
func TestTraceOfAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		var d diary
		v := mobileFirst(t, srv, func(c *core.Config) { c.Trace = core.Trace{CircuitChanged: d.trace().CircuitChanged} })
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Down()
		for i := range 20 {
			time.Sleep(100 * time.Millisecond)
			authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
		}
		if got := v.Stats(); !got.CircuitOpen {
			t.Errorf("during the outage: got %+v", got)
		}
		srv.Up()
		for i := range 100 {
			time.Sleep(100 * time.Millisecond)
			authorize(t.Context(), v, bearer(fmt.Sprint("u", i)), core.Authenticated())
		}
		want := "circuit open true, failures true, error true, after false, circuit open false, failures false, error false, after true"
		if got := d.tear(); got != want || v.Stats().CircuitOpen {
			t.Errorf("got %s\nwant %s, and the circuit closed", got, want)
		}
	})
}

// A caller who waits too long for a slot is told, too.
func TestTraceOfAWaitInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		var waited []core.WaitedInfo
		v := mobileFirst(t, srv, func(c *core.Config) {
			c.MaxInFlight = 1
			c.Trace.Waited = func(_ context.Context, i core.WaitedInfo) { waited = append(waited, i) }
		})
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Hang())
		go authorize(t.Context(), v, bearer("t1"), core.Authenticated())
		synctest.Wait()
		_, denial := authorize(t.Context(), v, bearer("t2"), core.Authenticated())
		if len(waited) != 1 || waited[0].Took < time.Second || waited[0].Err == nil || !errors.Is(denial.Cause, waited[0].Err) {
			t.Errorf("got %+v, want one that ended in the cause %v", waited, denial.Cause)
		}
		time.Sleep(10 * time.Second)
	})
}

// A call that the circuit stops while it waits has waited; one that comes later has not. And Ready is
// no request.
func TestTraceOfWaitsAndReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		var d diary
		v := mobileFirst(t, srv, func(c *core.Config) {
			c.MaxInFlight = 8
			c.Trace = core.Trace{Waited: d.trace().Waited, Joined: d.trace().Joined}
		})
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(300*time.Millisecond), coretest.Status(503))
		var all sync.WaitGroup
		reasons := make(chan core.Reason, 99)
		for i := range 40 {
			all.Go(func() {
				_, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
				reasons <- d.Reason
			})
		}
		all.Wait()
		close(reasons)
		stopped := 0
		for r := range reasons {
			if r == core.ReasonCircuitOpen {
				stopped++
			}
		}
		if told := strings.Count(d.tear(), "error true"); stopped == 0 || told < stopped {
			t.Errorf("%d waits in vain were told, want those of %d stopped requests at least", told, stopped)
		}
		authorize(t.Context(), v, bearer("later"), core.Authenticated())
		if got := d.tear(); strings.Contains(got, "error true") {
			t.Errorf("a request that comes during the outage: got %s", got)
		}
		for range 3 {
			all.Go(func() { _ = v.Ready(t.Context()) })
		}
		all.Wait()
		if got := d.tear(); strings.Contains(got, "joined") {
			t.Errorf("Ready: got %s", got)
		}
		time.Sleep(10 * time.Second)
	})
}
