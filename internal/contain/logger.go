package contain

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Logger returns a logger that recovers panics of the handler of l. A line whose handler panics is
// lost; the first loss is logged through slog.Default(), unless that is l. If l is nil, it is
// slog.Default() as that is now. If the handler of l is slog.DiscardHandler, the result discards.
func Logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		l = slog.Default()
	}
	if l.Handler() == slog.DiscardHandler {
		return slog.New(slog.DiscardHandler)
	}
	if _, done := l.Handler().(*handler); done {
		return l
	}
	return slog.New(&handler{inner: l.Handler(), log: l, told: new(atomic.Bool)})
}

// handler recovers the panics of another handler.
type handler struct {
	inner slog.Handler
	log   *slog.Logger // what the program gave us
	told  *atomic.Bool // the first panic was logged; shared by all that With made
}

// Enabled implements slog.Handler. It returns false if the other handler panics.
func (h *handler) Enabled(ctx context.Context, level slog.Level) (wanted bool) {
	defer func() {
		if r := recover(); r != nil {
			h.tell(r)
		}
	}()
	return h.inner.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) (err error) {
	defer func() {
		if r := recover(); r != nil {
			h.tell(r)
		}
	}()
	return h.inner.Handle(ctx, r)
}

// WithAttrs implements slog.Handler. If the other handler panics, the attributes are missing.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func() slog.Handler { return h.inner.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler. If the other handler panics, the group is missing.
func (h *handler) WithGroup(name string) slog.Handler {
	return h.with(func() slog.Handler { return h.inner.WithGroup(name) })
}

func (h *handler) with(derive func() slog.Handler) (derived slog.Handler) {
	derived = h
	defer func() {
		if r := recover(); r != nil {
			h.tell(r)
		}
	}()
	return &handler{inner: derive(), log: h.log, told: h.told}
}

// tell logs the first panic through slog.Default().
func (h *handler) tell(value any) {
	if h.told.Swap(true) {
		return
	}
	other := slog.Default()
	if other == h.log {
		return
	}
	lost := Hook{Name: "Logger", Log: other}
	lost.tell(value)
}
