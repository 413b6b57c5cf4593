package flight_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/flight"
)

// after returns work that takes d and yields v, and counts its runs.
func after(d time.Duration, v string, runs *atomic.Int32) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		runs.Add(1)
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
	v, _, err := g.Do(ctx, "k", time.Time{}, func(ctx context.Context) (any, error) { return ctx.Value(key{}), nil })
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
				work := func(context.Context) (string, error) {
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

// IN-99: work that ignores its context holds up nobody for ever, also not callers whose own context never ends.
func TestWorkThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &flight.Group[string, string]{Timeout: time.Second}
		release := make(chan struct{})
		deaf := func(context.Context) (string, error) { <-release; return "late", nil }
		for _, wait := range []time.Duration{1100 * time.Millisecond, 100 * time.Millisecond} { // who starts it, and who joins it when it is late
			begun := time.Now()
			_, _, err := g.Do(context.Background(), "k", time.Time{}, deaf)
			if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took != wait {
				t.Errorf("got %v after %v, want a deadline after %v", err, took, wait)
			}
		}
		close(release)
	})
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
	if _, _, err := g.Do(t.Context(), "k", time.Time{}, func(context.Context) (string, error) { return "v", failed }); !errors.Is(err, failed) || kept != 0 {
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
				if len(kept) != 1 || kept[0] != last {
					t.Errorf("kept %q, want %q alone: the overtaken flight must not overwrite the younger", kept, last)
				}
			})
		})
	}
}
