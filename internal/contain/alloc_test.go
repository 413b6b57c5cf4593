//go:build !race

package contain_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/mfpguard/mfpguard/internal/contain"
)

// Under the race detector sync.Pool drops things on purpose, so this is not built then.
func TestNoAllocations(t *testing.T) {
	h := contain.Hook{Name: "x", Log: slog.New(slog.DiscardHandler)}
	n := 0
	add := 1
	if got := testing.AllocsPerRun(100, func() { h.Call(func() { n += add }) }); got != 0 {
		t.Errorf("Call allocates %v times", got)
	}
	plain := slog.New(slog.NewTextHandler(io.Discard, nil))
	contained := contain.Logger(plain)
	line := func(l *slog.Logger) func() {
		return func() { l.LogAttrs(context.Background(), slog.LevelInfo, "hello", slog.Int("a", 1)) }
	}
	if got, want := testing.AllocsPerRun(100, line(contained)), testing.AllocsPerRun(100, line(plain)); got != want {
		t.Errorf("a line allocates %v times, without containment %v", got, want)
	}
}
