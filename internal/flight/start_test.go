package flight_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/flight"
)

// HT-01: a flight that was started is one like any other: a caller joins it, its result is kept, and Forget drops it. None is
// started beside another.
func TestStart(t *testing.T) {
	for _, forget := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var kept []string
			var runs atomic.Int32
			joined := 0
			g := &flight.Group[string, string]{
				Timeout: time.Second, Keep: func(_, v string) { kept = append(kept, v) }, Joined: func(context.Context, string) { joined++ },
			}
			begun := time.Now()
			if !g.Start("k", after(100*time.Millisecond, "v", &runs)) || g.Start("k", after(0, "w", &runs)) || time.Since(begun) != 0 {
				t.Fatal("want one flight that is started at once, and not a second")
			}
			if joined != 0 {
				t.Error("Joined was called though no caller has joined")
			}
			synctest.Wait()
			ctx, leave := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer leave()
			if _, shared, err := g.Do(ctx, "k", time.Time{}, after(0, "w", &runs)); !shared || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a caller that leaves: %v, %v", shared, err)
			}
			if v, shared, err := g.Do(t.Context(), "k", time.Time{}, after(0, "w", &runs)); v != "v" || !shared || err != nil {
				t.Errorf("a caller that stays: %q, %v, %v", v, shared, err)
			}
			if runs.Load() != 1 || len(kept) != 1 {
				t.Errorf("%d runs, kept %q", runs.Load(), kept)
			}
			if !g.Start("k", after(100*time.Millisecond, "x", &runs)) {
				t.Error("no flight is started after another has landed")
			}
			if forget {
				g.Forget("k", func() {})
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if !forget && len(kept) != 2 || forget && len(kept) != 1 {
				t.Errorf("forgotten %v: kept %q", forget, kept)
			}
		})
	}
}

// A started flight ends in time, and is not cancelled when a caller that has joined it before it was sent leaves.
func TestStartedFlightEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &flight.Group[string, string]{Timeout: time.Second}
		begun := time.Now()
		ended := make(chan time.Duration, 1)
		g.Start("k", func(ctx context.Context, _ func()) (string, error) {
			<-ctx.Done()
			ended <- time.Since(begun)
			return "", context.Cause(ctx)
		})
		ctx, leave := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer leave()
		g.Do(ctx, "k", time.Time{}, nil)
		if got := <-ended; got != time.Second {
			t.Errorf("ended after %v, want the timeout of the group", got)
		}
	})
}
