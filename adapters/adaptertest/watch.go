package adaptertest

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/canary"
	"github.com/mfpguard/mfpguard/tokensource"
)

// newCanary makes a string that occurs nowhere by accident.
func newCanary() string { return "Canary" + rand.Text() }

// secret is the service's own.
var secret = tokensource.Secret(newCanary())

// watch collects everything that a Verifier says while it works: log records, and what the hooks of
// Trace get.
type watch struct {
	canary.Watcher
	misses func() // called for each lookup that found nothing
}

func (w *watch) install(c *core.Config) {
	c.Logger = w.Logger()
	w.Watch(&c.Trace)
	if w.misses == nil {
		return
	}
	noted := c.Trace.Looked
	c.Trace.Looked = func(ctx context.Context, i core.LookedInfo) {
		noted(ctx, i)
		if i.Result == core.Miss {
			w.misses()
		}
	}
}

// mustHaveSeen makes sure that there was something to scan.
func (w *watch) mustHaveSeen(t *testing.T) {
	t.Helper()
	if w.Calls() == 0 {
		t.Error("saw no call of a hook: nothing was scanned for tokens")
	}
}
