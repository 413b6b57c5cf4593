// Package contain keeps a panic of the program's own functions from becoming more than a line in the log.
//
// A [Hook] calls one such function. [Logger] does the same for the handler of a log, which is a function of the program,
// too. Neither costs an allocation while nothing panics.
package contain

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
)

// Hook calls a function that the program set. Name is its field, such as "Config.Renewed", for the log. The zero Log is no
// logging. A Hook must not be copied after its first call; it is safe for concurrent use.
type Hook struct {
	Name string
	Log  *slog.Logger
	told atomic.Bool
}

// Call runs fn and reports whether it came to its end. A panic ends in Call; the first one is logged as an error, with its
// type and its place, and never with its value, which might be a secret.
func (h *Hook) Call(fn func()) (returned bool) {
	defer func() {
		if !returned {
			h.tell(recover())
		}
	}()
	fn()
	return true
}

// tell logs the first panic of h. Its caller has deferred it, so that the panic's frames are still on the stack. A value of
// nil is runtime.Goexit, which nothing can stop.
func (h *Hook) tell(value any) {
	if value == nil || h.Log == nil || h.told.Swap(true) {
		return
	}
	at := place()
	quietly(func() {
		h.Log.LogAttrs(context.Background(), slog.LevelError, "a function of the program panicked: its panics are contained, and only this one is logged",
			slog.String("function", h.Name), slog.String("panic", fmt.Sprintf("%T", value)), slog.String("at", at))
	})
}

// quietly runs fn, whatever comes of it.
func quietly(fn func()) {
	defer func() { _ = recover() }()
	fn()
}

// place is the file and line that panicked: the first frame behind the panic's that is not the runtime's own.
func place() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panicking := false
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if panicking && !inRuntime {
			return filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
		}
		panicking = panicking || f.Function == "runtime.gopanic"
		if !more {
			return ""
		}
	}
}
