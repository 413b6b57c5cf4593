package adaptertest

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/canary"
	"github.com/mfpguard/mfpguard/tokensource"
)

// newCanary returns a random string that occurs nowhere by accident.
func newCanary() string { return "Canary" + rand.Text() }

// secret is the client secret of the service.
var secret = tokensource.Secret(newCanary())

// watch collects the log records of a Verifier and the arguments of its Trace hooks.
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

// mustHaveSeen fails if there was nothing to scan.
func (w *watch) mustHaveSeen(t *testing.T) {
	t.Helper()
	if w.Calls() == 0 {
		t.Error("saw no call of a hook: nothing was scanned for tokens")
	}
}
