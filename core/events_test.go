package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// sorted returns the lines so far, in an order that no scheduler chooses, and starts anew.
func (d *diary) sorted() []string {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	slices.Sort(lines)
	return lines
}

// Callers that share a call or wait for one have each event once, and no other.
func TestTraceOfCallersThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.SetAnswer(t1, active)
		var d diary
		v := mobileFirst(t, srv, withTTL(time.Second, 0), func(c *core.Config) { c.Trace, c.MaxInFlight = d.trace(), 1 })
		ask := func(token string) {
			go authorize(t.Context(), v, bearer(token), core.Authenticated())
			synctest.Wait()
		}
		ask(t1)
		time.Sleep(2 * time.Second) // t1 is known, and no longer remembered
		d.tear()

		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		for _, token := range []string{"t2", "t2", "t3", t1} {
			ask(token)
		}
		time.Sleep(2 * time.Second)
		const introspected = "introspected in 1s, attempts 1, began 1s ago, error false" // the wait included
		want := []string{
			`decided for "": 401`, `decided for "": 401`, `decided for "": 401`, `decided for "c1": 200`,
			introspected, introspected, introspected, "joined",
			"looked: miss", "looked: miss", "looked: miss", "looked: miss",
			"waited 1s, known false, error false", "waited 1s, known true, error false",
		}
		if got := d.sorted(); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}

		srv.Inject(coretest.Introspection, 1, coretest.Hang())
		for _, token := range []string{"t4", "t5", t1} {
			ask(token)
		}
		time.Sleep(3 * time.Second)
		got := slices.DeleteFunc(d.sorted(), func(line string) bool { return !strings.HasPrefix(line, "waited") })
		if want := []string{"waited 2s, known false, error true", "waited 2s, known true, error true"}; !slices.Equal(got, want) {
			t.Errorf("in vain: got %q, want %q", got, want)
		}
		time.Sleep(10 * time.Second) // the call that hangs ends
	})
}

// While the circuit is open a request is looked up and decided: it waits for nothing, and no call is told.
func TestTraceWhileTheCircuitIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		var d diary
		var changes []core.CircuitChangedInfo
		v := mobileFirst(t, srv, func(c *core.Config) {
			c.Trace = d.trace()
			c.Trace.CircuitChanged = func(i core.CircuitChangedInfo) { changes = append(changes, i) }
		})
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Down()
		refused := 0
		for i := range 20 {
			time.Sleep(100 * time.Millisecond)
			d.tear()
			wasOpen := v.Stats().CircuitOpen
			authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
			if got, want := d.tear(), `looked: miss, decided for "": 503`; wasOpen && got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if wasOpen {
				refused++
			}
		}
		synctest.Wait()
		if len(changes) != 1 || !changes[0].Open || changes[0].Failures < 5 || changes[0].Pause <= 0 || changes[0].After != 0 || changes[0].Refused != 0 {
			t.Fatalf("the circuit opened: got %+v", changes)
		}
		if e, ok := errors.AsType[*core.EndpointError](changes[0].Err); !ok || e.Endpoint != "introspection" || e.Status != 0 {
			t.Errorf("it opened because of %v", changes[0].Err)
		}
		srv.Up()
		time.Sleep(30 * time.Second)
		authorize(t.Context(), v, bearer("late"), core.Authenticated())
		time.Sleep(30 * time.Second)
		authorize(t.Context(), v, bearer("later"), core.Authenticated())
		if len(changes) != 2 || changes[1].Open || changes[1].Refused < refused || changes[1].After < time.Second || changes[1].Pause != 0 || changes[1].Err != nil {
			t.Errorf("the circuit closed after %d refused: got %+v", refused, changes)
		}
	})
}

// A repetition is told with what made it necessary, and the call with how it ended.
func TestTraceOfRepetitions(t *testing.T) {
	status := func(err error) int {
		e, ok := errors.AsType[*core.EndpointError](err)
		if !ok {
			return 0
		}
		return e.Status
	}
	for _, tt := range []struct {
		name   string
		faults []int
		want   []string
	}{
		{"one that helps", []int{500}, []string{"retried after 500", "2 attempts, 0"}},
		{"one that does not help", []int{500, 502}, []string{"retried after 500", "2 attempts, 502"}},
		{"none, because it would not help", []int{404}, []string{"1 attempts, 404"}},
		{"a conflict", []int{409}, []string{"1 attempts, conflict"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				var d diary
				v := mobileFirst(t, srv, func(c *core.Config) {
					c.Trace.Retried = func(_ context.Context, i core.RetriedInfo) { d.note("retried after %d", status(i.Err)) }
					c.Trace.Introspected = func(_ context.Context, i core.IntrospectedInfo) {
						if errors.Is(i.Err, core.ErrConflict) {
							d.note("%d attempts, conflict", i.Attempts)
							return
						}
						d.note("%d attempts, %d", i.Attempts, status(i.Err))
					}
				})
				for _, code := range tt.faults {
					srv.Inject(coretest.Introspection, 1, coretest.Status(code))
				}
				authorize(t.Context(), v, bearer(t1), core.Authenticated())
				if got, want := d.tear(), strings.Join(tt.want, ", "); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

// A repetition that is not admitted, because the circuit has opened meanwhile, has not happened.
func TestTraceOfARepetitionThatIsNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		retried, attempts, calls := 0, 0, 0
		v := mobileFirst(t, srv, func(c *core.Config) {
			c.Trace.Retried = func(context.Context, core.RetriedInfo) { retried++ }
			c.Trace.Introspected = func(_ context.Context, i core.IntrospectedInfo) { attempts, calls = attempts+i.Attempts, calls+1 }
		})
		for i := range 200 { // each good answer earns a part of a repetition
			authorize(t.Context(), v, bearer(fmt.Sprint("warm", i)), core.Authenticated())
		}
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
		made := srv.Calls().Introspection
		attempts, calls = 0, 0
		for i := range 10 {
			time.Sleep(time.Second)
			authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
		}
		if !v.Stats().CircuitOpen {
			t.Fatal("the circuit is closed")
		}
		if retried == 0 || retried != attempts-calls || calls < 5 || attempts > srv.Calls().Introspection-made {
			t.Errorf("%d repetitions told, %d attempts of %d calls; the server saw %d", retried, attempts, calls, srv.Calls().Introspection-made)
		}
	})
}
