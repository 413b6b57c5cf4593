package canary_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/canary"
)

const secret = "Canary+7f~3a"

type event struct {
	Name string
	Err  error
}

func TestWatcherCollects(t *testing.T) {
	var hooks struct {
		Done  func(context.Context, *event)
		Count func(int)
	}
	for _, tt := range []struct {
		name  string
		speak func(w *canary.Watcher)
		calls int
	}{
		{"what is written", func(w *canary.Watcher) { fmt.Fprint(w, secret) }, 0},
		{"what is logged", func(w *canary.Watcher) { w.Logger().Log(t.Context(), slog.LevelDebug-10, "x", "key", secret) }, 0},
		{"a value", func(w *canary.Watcher) { w.Note(1, secret) }, 0},
		{"an error", func(w *canary.Watcher) { w.Note(errors.New(secret)) }, 0},
		{"an error that is wrapped by one that hides it", func(w *canary.Watcher) { w.Note(hiding{errors.New(secret)}) }, 0},
		{"an error in a struct", func(w *canary.Watcher) { w.Note(&event{"x", hiding{errors.New(secret)}}) }, 0},
		{"an argument of a hook", func(w *canary.Watcher) {
			w.Watch(&hooks)
			hooks.Count(1)
			hooks.Done(t.Context(), &event{Name: secret})
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w canary.Watcher
			tt.speak(&w)
			if got := canary.Find(w.Take(), "absent", secret); got != secret {
				t.Errorf("found %q, want %q", got, secret)
			}
			if got := w.Take(); got != "" {
				t.Errorf("a second Take returns %q, want nothing", got)
			}
			if got := w.Calls(); got != tt.calls {
				t.Errorf("%d calls of hooks, want %d", got, tt.calls)
			}
		})
	}
}

func TestNothingIsNoText(t *testing.T) {
	var w canary.Watcher
	w.Note(nil, (*event)(nil), error(nil))
	if got := w.Take(); got != "" {
		t.Errorf("collected %q, want nothing", got)
	}
}

func TestFind(t *testing.T) {
	for _, text := range []string{
		secret, strings.ToUpper(secret), "x" + secret + "x", "Canary%2B7f~3a", "Q2FuYXJ5KzdmfjNh", "43616E6172792b377e66" + "43616e6172792b37667e3361",
	} {
		if got := canary.Find(text, "absent", secret); got != secret {
			t.Errorf("in %q: found %q, want %q", text, got, secret)
		}
	}
	if got := canary.Find("Canary 7f 3a", secret); got != "" {
		t.Errorf("found %q, want nothing", got)
	}
}

// hiding wraps an error without showing it.
type hiding struct{ error }

func (hiding) Error() string    { return "hidden" }
func (h hiding) Unwrap() error  { return h.error }
func (hiding) GoString() string { return "hiding" }
