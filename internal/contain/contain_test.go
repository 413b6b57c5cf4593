package contain_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/mfpguard/mfpguard/internal/contain"
)

// counting counts the lines that a handler gets.
type counting struct {
	slog.Handler
	calls *int
}

func (c counting) Handle(ctx context.Context, r slog.Record) error {
	*c.calls++
	return c.Handler.Handle(ctx, r)
}

// logTo is a logger that writes text to b.
func logTo(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// broken is a handler each method of which panics if it is named.
type broken struct {
	slog.Handler
	panics string
}

func (b broken) Enabled(ctx context.Context, l slog.Level) bool {
	b.check("Enabled")
	return b.Handler.Enabled(ctx, l)
}

func (b broken) Handle(ctx context.Context, r slog.Record) error {
	b.check("Handle")
	return b.Handler.Handle(ctx, r)
}

func (b broken) WithAttrs(a []slog.Attr) slog.Handler {
	b.check("WithAttrs")
	return broken{b.Handler.WithAttrs(a), b.panics}
}

func (b broken) WithGroup(name string) slog.Handler {
	b.check("WithGroup")
	return broken{b.Handler.WithGroup(name), b.panics}
}

func (b broken) check(name string) {
	if strings.Contains(b.panics, name) {
		panic("canary")
	}
}

// AV-11
func TestCall(t *testing.T) {
	tests := []struct {
		name     string
		fn       func()
		returned bool
		log      string // "" is no line
	}{
		{"a function that returns", func() {}, true, ""},
		{"one that panics with text", func() { panic("canary") }, false, "panic=string at=contain_test.go:"},
		{"one that panics with an error", func() { panic(errors.New("canary")) }, false, "panic=*errors.errorString at=contain_test.go:"},
		{"one that panics with nil", func() { panic(nil) }, false, "panic=*runtime.PanicNilError"},
		{"one that follows nil", func() { var h *broken; _ = h.panics }, false, "panic=runtime.errorString at=contain_test.go:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			h := contain.Hook{Name: "Config.Renewed", Log: logTo(&b)}
			for range 3 {
				if got := h.Call(tt.fn); got != tt.returned {
					t.Errorf("Call = %v, want %v", got, tt.returned)
				}
			}
			lines := strings.Count(b.String(), "\n")
			if tt.log == "" && lines != 0 || tt.log != "" && (lines != 1 || !strings.Contains(b.String(), tt.log)) {
				t.Errorf("the log is %q, want one line with %q", b.String(), tt.log)
			}
			if tt.log != "" && (!strings.Contains(b.String(), "level=ERROR") || !strings.Contains(b.String(), "Config.Renewed")) {
				t.Errorf("the log is %q, want an error that names the function", b.String())
			}
			if strings.Contains(b.String(), "canary") {
				t.Errorf("the log has the panic's value: %s", b.String())
			}
		})
	}
}

func TestCallWithoutALog(t *testing.T) {
	var h contain.Hook
	if h.Call(func() { panic("canary") }) {
		t.Error("Call of a function that panics says that it returned")
	}
}

// AV-11: the log that is to tell of a panic may panic, too.
func TestCallWithABrokenLog(t *testing.T) {
	h := contain.Hook{Name: "x", Log: slog.New(broken{slog.NewTextHandler(io.Discard, nil), "Handle"})}
	if h.Call(func() { panic("canary") }) {
		t.Error("Call of a function that panics says that it returned")
	}
}

func TestCallFromMany(t *testing.T) {
	var b bytes.Buffer
	h := contain.Hook{Name: "x", Log: logTo(&b)}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { h.Call(func() { panic("canary") }) })
	}
	all.Wait()
	if n := strings.Count(b.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
}

// AV-11
func TestLogger(t *testing.T) {
	tests := []struct {
		name, panics string
		arrives      bool // whether the line gets to the program's log
		told         bool // whether slog.Default() hears of it
	}{
		{"a sound handler", "", true, false},
		{"Enabled panics", "Enabled", false, true},
		{"Handle panics", "Handle", false, true},
		{"WithAttrs panics", "WithAttrs", true, true},
		{"WithGroup panics", "WithGroup", true, true},
		{"all of it panics", "Enabled Handle WithAttrs WithGroup", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var own, other bytes.Buffer
			setDefault(t, logTo(&other))
			l := contain.Logger(slog.New(broken{slog.NewTextHandler(&own, nil), tt.panics}))
			for range 3 {
				l.With("a", 1).WithGroup("g").Info("hello", "b", 2)
			}
			if got := strings.Count(own.String(), "hello"); got != 3 && tt.arrives || got != 0 && !tt.arrives {
				t.Errorf("%d of 3 lines got to the log", got)
			}
			want := 0
			if tt.told {
				want = 1
			}
			if got := strings.Count(other.String(), "function=Logger panic=string at=contain_test.go:"); got != want {
				t.Errorf("slog.Default() got %q, want %d line", other.String(), want)
			}
			if strings.Contains(other.String(), "canary") {
				t.Errorf("slog.Default() got the panic's value: %s", other.String())
			}
		})
	}
}

func TestLoggerKeepsWhatALineHas(t *testing.T) {
	var b bytes.Buffer
	l := contain.Logger(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{AddSource: true, Level: slog.LevelWarn})))
	l.Info("not wanted")
	l.With("a", 1).WithGroup("g").Warn("hello", "b", 2)
	if got := b.String(); strings.Contains(got, "not wanted") || !strings.Contains(got, "contain_test.go:") || !strings.Contains(got, `msg=hello a=1 g.b=2`) {
		t.Errorf("the log is %q", got)
	}
}

// AV-11: slog.Default() may be the log that panics, or panic as well.
func TestLoggerWhoseDefaultPanics(t *testing.T) {
	bad := broken{slog.NewTextHandler(io.Discard, nil), "Handle"}
	calls := 0
	own := slog.New(counting{bad, &calls})
	setDefault(t, own)
	contain.Logger(own).Info("hello")
	if calls != 1 {
		t.Errorf("the log that panics was called %d times, want 1: it was told of its own panic", calls)
	}
	contain.Logger(slog.New(bad)).Info("hello")
	setDefault(t, contain.Logger(slog.New(bad)))
	contain.Logger(slog.Default()).Info("hello")
}

func TestLoggerOfNone(t *testing.T) {
	if got := contain.Logger(slog.New(slog.DiscardHandler)).Handler(); got != slog.DiscardHandler {
		t.Errorf("the handler is %T, want none around slog.DiscardHandler", got)
	}
	var b bytes.Buffer // LG-01, D11: nil is slog.Default()
	setDefault(t, logTo(&b))
	if contain.Logger(nil).Warn("hello"); !strings.Contains(b.String(), "hello") {
		t.Errorf("the default log has %q", b.String())
	}
	setDefault(t, slog.New(broken{slog.NewTextHandler(io.Discard, nil), "Handle"}))
	contain.Logger(nil).Warn("hello")
	setDefault(t, slog.New(slog.DiscardHandler))
	if got := contain.Logger(nil).Handler(); got != slog.DiscardHandler {
		t.Errorf("the handler is %T, want none around slog.DiscardHandler", got)
	}
	once := contain.Logger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if contain.Logger(once) != once {
		t.Error("a contained logger is contained again")
	}
}

func setDefault(t *testing.T, l *slog.Logger) {
	old := slog.Default()
	t.Cleanup(func() { slog.SetDefault(old) })
	slog.SetDefault(l)
}
