package core_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// tally counts how requests of one kind end, and how long they take. Its zero value is ready.
type tally struct {
	mu      sync.Mutex
	all     sync.WaitGroup
	ended   map[string]int
	waits   []time.Duration
	refused []time.Duration // when, since the first request
	begun   time.Time
}

// send asks about a token in a goroutine of its own.
func (c *tally) send(t *testing.T, v *core.Verifier, token string, need core.Requirement) {
	begun := time.Now()
	c.mu.Lock()
	if c.begun.IsZero() {
		c.begun = begun
	}
	c.mu.Unlock()
	c.all.Go(func() {
		_, d := authorize(t.Context(), v, bearer(token), need)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ended == nil {
			c.ended = map[string]int{}
		}
		c.ended[outcome(d)]++
		c.waits = append(c.waits, time.Since(begun))
		if d != nil && d.Status == http.StatusServiceUnavailable {
			c.refused = append(c.refused, begun.Sub(c.begun))
		}
	})
}

// share returns the part that ended so.
func (c *tally) share(outcome string) float64 {
	c.all.Wait()
	return float64(c.ended[outcome]) / float64(len(c.waits))
}

// percentile returns the wait that a part p of the requests did not exceed.
func (c *tally) percentile(p float64) time.Duration {
	c.all.Wait()
	slices.Sort(c.waits)
	return c.waits[int(p*float64(len(c.waits)-1))]
}

// every calls f n times in each period, evenly, for a while.
func every(period, duration time.Duration, f func(i int)) {
	for i := range int(duration / period) {
		f(i)
		time.Sleep(period)
	}
}

// forTokens makes a fault concern the tokens with a prefix only; the others are answered after a
// while.
func forTokens(prefix string, others time.Duration, fault coretest.Fault) coretest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasPrefix(r.PostForm.Get("token"), prefix) {
			fault(w, r, next)
		} else {
			coretest.Delay(others)(w, r, next)
		}
	}
}

// peek reads a request's form and leaves it to be read again.
func peek(r *http.Request) url.Values {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	form, _ := url.ParseQuery(string(b))
	return form
}

// changes notes when the log says that introspection stops and goes on, in nanoseconds.
type changes struct{ stopped, goesOn *atomic.Int64 }

func (c changes) config(config *core.Config) {
	config.Logger = slog.New(c)
}

func (c changes) Enabled(context.Context, slog.Level) bool { return true }
func (c changes) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c changes) WithGroup(string) slog.Handler            { return c }

func (c changes) Handle(_ context.Context, r slog.Record) error {
	switch {
	case strings.HasPrefix(r.Message, "introspection stopped") && r.Level == slog.LevelWarn:
		c.stopped.CompareAndSwap(0, r.Time.UnixNano())
	case strings.HasPrefix(r.Message, "introspection goes on") && r.Level == slog.LevelInfo:
		c.goesOn.CompareAndSwap(0, r.Time.UnixNano())
	}
	return nil
}
