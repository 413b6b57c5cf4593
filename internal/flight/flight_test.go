package flight_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/flight"
)

// after returns work that takes d and yields v, and counts its runs.
func after(d time.Duration, v string, runs *atomic.Int32) func(context.Context, func()) (string, error) {
	return func(ctx context.Context, sent func()) (string, error) {
		runs.Add(1)
		sent()
		select {
		case <-time.After(d):
			return v, nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// IN-88
func TestCallersShareOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &flight.Group[string, string]{Timeout: time.Second}
		var runs, leaders atomic.Int32
		for range 100 {
			go func() {
				v, shared, err := g.Do(t.Context(), "k", time.Time{}, after(100*time.Millisecond, "v", &runs))
				if v != "v" || err != nil {
					t.Errorf("Do = %q, %v", v, err)
				}
				if !shared {
					leaders.Add(1)
				}
			}()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if runs.Load() != 1 || leaders.Load() != 1 {
			t.Errorf("%d runs and %d callers that shared nothing, want 1 and 1", runs.Load(), leaders.Load())
		}
		if _, shared, _ := g.Do(t.Context(), "k", time.Time{}, after(0, "w", &runs)); shared || runs.Load() != 2 {
			t.Error("a flight that has landed was joined")
		}
	})
}

// Joined is called as soon as a caller waits for the flight of another, with the caller's context.
func TestJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type caller struct{}
		begun := time.Now()
		var joined []any
		g := &flight.Group[string, string]{Timeout: time.Second}
		g.Joined = func(ctx context.Context, key string) {
			joined = append(joined, ctx.Value(caller{}), key, time.Since(begun))
		}
		var runs atomic.Int32
		for _, name := range []string{"first", "second"} {
			ctx := context.WithValue(t.Context(), caller{}, name)
			go g.Do(ctx, "k", time.Time{}, after(100*time.Millisecond, "v", &runs))
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		if want := []any{"second", "k", 10 * time.Millisecond}; !slices.Equal(joined, want) {
			t.Errorf("joined %v, want %v", joined, want)
		}
		time.Sleep(time.Second)
	})
}

func TestKeysDoNotShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &flight.Group[string, string]{Timeout: time.Second}
		var runs atomic.Int32
		for _, key := range []string{"a", "b"} {
			go func() {
				if v, shared, err := g.Do(t.Context(), key, time.Time{}, after(time.Millisecond, key, &runs)); v != key || shared || err != nil {
					t.Errorf("Do(%q) = %q, %v, %v", key, v, shared, err)
				}
			}()
		}
		time.Sleep(time.Second)
		if runs.Load() != 2 {
			t.Errorf("%d runs, want 2", runs.Load())
		}
	})
}

// IN-89, IN-90, IN-98, IN-99, A12, A13
func TestWhoWaitsHowLong(t *testing.T) {
	const work = 100 * time.Millisecond
	cause := errors.New("the caller's own reason")
	tests := []struct {
		name             string
		leader, follower time.Duration // when the caller leaves; zero is never
		timeout          time.Duration // of the group
		wantLeader       error
		wantFollower     error
		at               time.Duration // when the follower has its answer
	}{
		{"nobody leaves", 0, 0, time.Second, nil, nil, work},
		{"the leader leaves, the follower gets the result", 10 * time.Millisecond, 0, time.Second, cause, nil, work},
		{"the follower leaves at its own time", 0, 20 * time.Millisecond, time.Second, nil, cause, 20 * time.Millisecond},
		{"both leave", 10 * time.Millisecond, 20 * time.Millisecond, time.Second, cause, cause, 20 * time.Millisecond},
		{"the group's own clock ends it for all", 0, 0, 50 * time.Millisecond, context.DeadlineExceeded, context.DeadlineExceeded, 50 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &flight.Group[string, string]{Timeout: tt.timeout}
				var runs atomic.Int32
				begun := time.Now()
				do := func(leaves time.Duration) error {
					ctx := t.Context()
					if leaves > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeoutCause(ctx, leaves, cause)
						defer cancel()
					}
					_, _, err := g.Do(ctx, "k", time.Time{}, after(work, "v", &runs))
					return err
				}
				leader := make(chan error, 1)
				go func() { leader <- do(tt.leader) }()
				synctest.Wait()
				if err := do(tt.follower); !errors.Is(err, tt.wantFollower) {
					t.Errorf("follower: %v, want %v", err, tt.wantFollower)
				}
				if d := time.Since(begun); d != tt.at {
					t.Errorf("follower waited %v, want %v", d, tt.at)
				}
				if err := <-leader; !errors.Is(err, tt.wantLeader) {
					t.Errorf("leader: %v, want %v", err, tt.wantLeader)
				}
				time.Sleep(work) // the flight goes on without them
				if runs.Load() != 1 {
					t.Errorf("%d runs, want 1", runs.Load())
				}
			})
		})
	}
}

func TestDoneCallerStartsNothing(t *testing.T) {
	g := &flight.Group[string, string]{Timeout: time.Second}
	cause := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	var runs atomic.Int32
	if _, _, err := g.Do(ctx, "k", time.Time{}, after(0, "v", &runs)); !errors.Is(err, cause) || runs.Load() != 0 {
		t.Errorf("Do = %v after %d runs, want %v and none", err, runs.Load(), cause)
	}
}

func TestFlightKeepsTheLeadersValues(t *testing.T) {
	type key struct{}
	g := &flight.Group[string, any]{Timeout: time.Second}
	ctx := context.WithValue(t.Context(), key{}, "v")
	v, _, err := g.Do(ctx, "k", time.Time{}, func(ctx context.Context, _ func()) (any, error) { return ctx.Value(key{}), nil })
	if v != "v" || err != nil {
		t.Errorf("the work sees %v, %v, want the caller's value", v, err)
	}
}

// IN-92
func TestWorkThatDoesNotReturn(t *testing.T) {
	tests := []struct {
		name string
		work func()
		want string
	}{
		{"a panic is an error that names its type and not its text", func() { panic("canary") }, "panic: string"},
		{"a panic with an error", func() { panic(errors.New("canary")) }, "panic: *errors.errorString"},
		{"runtime.Goexit", runtime.Goexit, "panic"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept := 0
				g := &flight.Group[string, string]{Timeout: time.Second, Keep: func(string, string) { kept++ }}
				work := func(_ context.Context, sent func()) (string, error) {
					sent()
					time.Sleep(time.Millisecond)
					tt.work()
					return "v", nil
				}
				for range 3 {
					go func() {
						_, _, err := g.Do(t.Context(), "k", time.Time{}, work)
						if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
							t.Errorf("Do: %v, want an error with %q", err, tt.want)
						}
					}()
				}
				time.Sleep(time.Second)
				var runs atomic.Int32
				if v, _, err := g.Do(t.Context(), "k", time.Time{}, after(0, "v", &runs)); v != "v" || err != nil || kept != 1 {
					t.Errorf("the next Do = %q, %v, %d kept; want v, nil, 1", v, err, kept)
				}
			})
		})
	}
}

// IN-99, AV-10: work that ignores its context is given up; the next caller starts anew, and what
// comes late is not kept.
func TestWorkThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept []string
		g := &flight.Group[string, string]{Timeout: time.Second, Keep: func(_, v string) { kept = append(kept, v) }}
		release := make(chan struct{})
		deaf := func(_ context.Context, sent func()) (string, error) { sent(); <-release; return "late", nil }
		for range 3 {
			begun := time.Now()
			_, shared, err := g.Do(context.Background(), "k", time.Time{}, deaf)
			if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took != 1100*time.Millisecond || shared {
				t.Errorf("got %v after %v, shared %v; want a deadline after 1.1s of its own", err, took, shared)
			}
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, _, err := g.Do(impatient, "k", time.Time{}, deaf); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(1100 * time.Millisecond) // nobody waited for it, so nobody has given it up
		var runs atomic.Int32
		if v, shared, err := g.Do(t.Context(), "k", time.Time{}, after(0, "good", &runs)); v != "good" || shared || err != nil {
			t.Errorf("then got %q, %v, %v", v, shared, err)
		}
		close(release)
		synctest.Wait()
		if len(kept) != 1 || kept[0] != "good" {
			t.Errorf("kept %q, want the good one alone", kept)
		}
	})
}

// AV-08: a caller that wants a fresh result shares all work that is sent after it came, and two are
// in flight at most.
func TestFreshCallersShareWhatIsSentLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency, load = 50 * time.Millisecond, 6000
		g := &flight.Group[string, time.Time]{Timeout: time.Minute}
		var now, most, runs atomic.Int32
		work := func(_ context.Context, sent func()) (time.Time, error) {
			time.Sleep(time.Millisecond) // waits for a slot
			sent()
			asked := time.Now()
			runs.Add(1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(latency)
			now.Add(-1)
			return asked, nil
		}
		begun := time.Now()
		for range load {
			go func() {
				came := time.Now()
				asked, _, err := g.Do(t.Context(), "k", came, work)
				if err != nil || asked.Before(came) {
					t.Errorf("a caller of %v got what was asked at %v, %v", came.Sub(begun), asked.Sub(begun), err)
				}
				if took := time.Since(came); took > 2*latency+2*time.Millisecond {
					t.Errorf("a caller waited %v", took)
				}
			}()
			time.Sleep(100 * time.Microsecond)
		}
		duration := time.Since(begun)
		time.Sleep(time.Second)
		if limit := 2*int32(duration/latency) + 2; runs.Load() > limit || most.Load() > 2 {
			t.Errorf("%d calls in %v, %d at once; want at most %d, 2 at once", runs.Load(), duration, most.Load(), limit)
		}
	})
}

// AV-08: one call that hangs holds up the next ones once only.
func TestOneHungCallHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &flight.Group[string, string]{Timeout: time.Minute}
		var runs atomic.Int32
		go g.Do(t.Context(), "k", time.Time{}, after(50*time.Second, "hung", &runs))
		time.Sleep(time.Second)
		for range 10 {
			begun := time.Now()
			v, _, err := g.Do(t.Context(), "k", begun, after(time.Second, "good", &runs))
			if took := time.Since(begun); v != "good" || err != nil || took != time.Second {
				t.Errorf("got %q, %v after %v", v, err, took)
			}
		}
		time.Sleep(time.Minute) // the hung one ends
	})
}

// AV-09: the result of what was sent last is kept, whatever lands last; what was sent earlier is
// delivered all the same.
func TestNewestIsKept(t *testing.T) {
	for _, order := range []struct {
		name          string
		first, second time.Duration // of the work; the second is sent 1s later
		want          string
	}{
		{"they land in order", 2 * time.Second, 5 * time.Second, "first second"},
		{"the first lands last", 10 * time.Second, 5 * time.Second, "second"},
	} {
		t.Run(order.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var kept []string
				g := &flight.Group[string, string]{Timeout: time.Minute, Keep: func(_, v string) { kept = append(kept, v) }}
				var runs atomic.Int32
				for i, d := range []time.Duration{order.first, order.second} {
					name := []string{"first", "second"}[i]
					go func() {
						if v, _, err := g.Do(t.Context(), "k", time.Now(), after(d, name, &runs)); v != name || err != nil {
							t.Errorf("got %q, %v, want %q", v, err, name)
						}
					}()
					time.Sleep(time.Second)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := strings.Join(kept, " "); got != order.want {
					t.Errorf("kept %q, want %q", got, order.want)
				}
			})
		})
	}
}

// AV-14, AV-08: where the work takes long, a third caller that wants a fresh result waits a second for
// the two before it, and not for all of its own time.
func TestThirdCallOfASlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &flight.Group[string, string]{Timeout: 5 * time.Second}
		var runs atomic.Int32
		for i := range 3 {
			go func() {
				begun := time.Now()
				v, _, err := g.Do(t.Context(), "k", begun, after(3500*time.Millisecond, "v", &runs))
				want := []time.Duration{3500 * time.Millisecond, 3500 * time.Millisecond, 4500 * time.Millisecond}[i]
				if took := time.Since(begun); v != "v" || err != nil || took != want {
					t.Errorf("caller %d got %q, %v after %v, want v after %v", i, v, err, took, want)
				}
			}()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
	})
}

// AV-09: what counts is when the question was sent that was answered, which may be a repetition.
func TestRepetitionIsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept []string
		g := &flight.Group[string, string]{Timeout: time.Minute, Keep: func(_, v string) { kept = append(kept, v) }}
		go g.Do(t.Context(), "k", time.Now(), func(_ context.Context, sent func()) (string, error) {
			sent()
			time.Sleep(5 * time.Second) // fails, and is sent again
			sent()
			time.Sleep(time.Second)
			return "inactive", nil
		})
		time.Sleep(time.Second)
		var runs atomic.Int32
		go g.Do(t.Context(), "k", time.Now(), after(time.Second, "active", &runs))
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := strings.Join(kept, " "); got != "active inactive" {
			t.Errorf("kept %q, want the active answer and then the inactive one", got)
		}
	})
}

// What a forgotten key's call brings is not kept, although it lands at the very moment.
func TestForgetAndLandAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		kept := map[string]bool{"k": true}
		g := &flight.Group[string, string]{Timeout: time.Minute, Keep: func(k, _ string) {
			mu.Lock()
			defer mu.Unlock()
			kept[k] = true
		}}
		var runs atomic.Int32
		go g.Do(t.Context(), "k", time.Now(), after(time.Second, "v", &runs))
		time.Sleep(time.Second - 500*time.Microsecond)
		g.Forget("k", func() {
			mu.Lock()
			defer mu.Unlock()
			delete(kept, "k")
		})
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if kept["k"] {
			t.Error("a forgotten answer was kept")
		}
	})
}

// AV-07: work that waits when its last caller leaves is not done; work that is under way is
// finished.
func TestWorkNobodyWaitsFor(t *testing.T) {
	for _, isSent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var kept atomic.Int32
			g := &flight.Group[string, string]{Timeout: time.Minute, Keep: func(_, v string) { kept.Add(1) }}
			done := 0
			work := func(ctx context.Context, sent func()) (string, error) {
				if isSent {
					sent()
				}
				select {
				case <-ctx.Done():
					return "", ctx.Err()
				case <-time.After(10 * time.Second):
				}
				sent()
				done++
				return "v", nil
			}
			var callers sync.WaitGroup
			for patience := range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(patience+1)*time.Second)
				defer cancel()
				callers.Go(func() { _, _, _ = g.Do(ctx, "k", time.Time{}, work) })
			}
			callers.Wait()
			var runs atomic.Int32
			if _, shared, _ := g.Do(t.Context(), "k", time.Time{}, after(time.Second, "v", &runs)); shared != isSent {
				t.Errorf("sent %v: a later caller shared: %v", isSent, shared)
			}
			time.Sleep(time.Minute)
			if want := map[bool]int{true: 1}[isSent]; done != want {
				t.Errorf("sent %v: the work was done %d times, want %d", isSent, done, want)
			}
		})
	}
}

// What a flight has found and not asked for is delivered, and not kept over a newer result.
func TestFoundResultsAreNotKept(t *testing.T) {
	kept := 0
	g := &flight.Group[string, string]{Timeout: time.Second, Keep: func(string, string) { kept++ }}
	v, _, err := g.Do(t.Context(), "k", time.Time{}, func(context.Context, func()) (string, error) { return "found", nil })
	if v != "found" || err != nil || kept != 0 {
		t.Errorf("got %q, %v, kept %d times", v, err, kept)
	}
}

// IN-86
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := map[string]string{"k": "old"}
		var mu sync.Mutex
		g := &flight.Group[string, string]{Timeout: time.Minute, Keep: func(k, v string) {
			mu.Lock()
			defer mu.Unlock()
			kept[k] = v
		}}
		var runs atomic.Int32
		go func() {
			if v, _, err := g.Do(t.Context(), "k", time.Time{}, after(10*time.Second, "stale", &runs)); v != "stale" || err != nil {
				t.Errorf("the waiter got %q, %v, want its result", v, err)
			}
		}()
		synctest.Wait()
		g.Forget("k", func() { delete(kept, "k") })
		time.Sleep(time.Second)
		go func() { // a later caller starts anew, beside the old flight
			if v, shared, err := g.Do(t.Context(), "k", time.Time{}, after(time.Second, "fresh", &runs)); v != "fresh" || shared || err != nil {
				t.Errorf("the later caller got %q, %v, %v", v, shared, err)
			}
		}()
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if kept["k"] != "fresh" || runs.Load() != 2 {
			t.Errorf("kept %q after %d runs, want fresh after 2", kept["k"], runs.Load())
		}
	})
}

func TestErrorsAreNotKept(t *testing.T) {
	kept := 0
	g := &flight.Group[string, string]{Timeout: time.Second, Keep: func(string, string) { kept++ }}
	failed := errors.New("failed")
	if _, _, err := g.Do(t.Context(), "k", time.Time{}, func(_ context.Context, sent func()) (string, error) { sent(); return "v", failed }); !errors.Is(err, failed) || kept != 0 {
		t.Errorf("Do = %v, kept %d", err, kept)
	}
}

// IN-83: who wants a fresh answer does not join a flight that began before it asked.
func TestNotBefore(t *testing.T) {
	tests := []struct {
		name   string
		offset time.Duration // of notBefore from the flight's start
		shared bool
	}{
		{"the flight began later than that", -time.Second, true},
		{"the flight began exactly then", 0, true},
		{"the flight began earlier", time.Nanosecond, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var kept []string
				g := &flight.Group[string, string]{Timeout: time.Minute, Keep: func(_, v string) { kept = append(kept, v) }}
				var runs atomic.Int32
				begun := time.Now()
				go g.Do(t.Context(), "k", time.Time{}, after(2*time.Second, "old", &runs))
				time.Sleep(time.Second)
				v, shared, err := g.Do(t.Context(), "k", begun.Add(tt.offset), after(5*time.Second, "new", &runs))
				want, last := "old", "old"
				if !tt.shared {
					want, last = "new", "new"
				}
				if v != want || shared != tt.shared || err != nil {
					t.Errorf("Do = %q, %v, %v, want %q, %v", v, shared, err, want, tt.shared)
				}
				if kept[len(kept)-1] != last {
					t.Errorf("kept %q, want %q at the end", kept, last)
				}
			})
		})
	}
}
