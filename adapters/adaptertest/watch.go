package adaptertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// canary makes a string that occurs nowhere by accident.
func canary() string { return "Canary" + rand.Text() }

// secret is the service's own.
var secret = tokensource.Secret(canary())

// watch keeps everything that a Verifier says while it works: log records down to Debug, and what the hooks of Trace see.
type watch struct {
	mu     sync.Mutex
	said   bytes.Buffer
	traced int
	logged int

	misses func() // called for each lookup that found nothing
}

func (w *watch) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logged++
	return w.said.Write(b)
}

func (w *watch) trace(what ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.traced++
	fmt.Fprintln(&w.said, what...)
	for _, v := range what {
		fmt.Fprintf(&w.said, "%+v\n", v)
	}
}

func (w *watch) install(c *core.Config) {
	c.Logger = slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Trace = core.Trace{
		Looked: func(_ context.Context, i core.LookedInfo) {
			w.trace(i)
			if i.Result == core.Miss && w.misses != nil {
				w.misses()
			}
		},
		Introspected: func(_ context.Context, i core.IntrospectedInfo) { w.trace(i, i.Err) },
		Decided: func(_ context.Context, i core.DecidedInfo) {
			w.trace(i.Principal)
			if i.Denial != nil {
				w.trace(*i.Denial, i.Denial.Cause)
			}
		},
	}
}

// take returns what was said since the last time.
func (w *watch) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.said.Reset()
	return w.said.String()
}

// mustHaveSeen makes sure that there was something to scan.
func (w *watch) mustHaveSeen(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.traced == 0 {
		t.Errorf("saw %d log records and %d calls of hooks: nothing was scanned for tokens", w.logged, w.traced)
	}
}

// leaks names the first of the secrets that occurs in text, in whatever case, or "".
func leaks(text string, secrets ...string) string {
	text = strings.ToLower(text)
	for _, s := range secrets {
		if strings.Contains(text, strings.ToLower(s)) {
			return s
		}
	}
	return ""
}
