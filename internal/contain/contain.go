// Package contain recovers panics of functions that the program has set, and logs the first.
//
// A [Hook] calls one such function. [Logger] does the same for the handler of a log. Neither
// allocates while nothing panics.
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

// Hook calls a function that the program has set. Name is the field of the function, such as
// "Config.Renewed", for the log. If Log is nil, nothing is logged. A Hook is safe for concurrent
// use; it must not be copied after its first call.
type Hook struct {
	Name string
	Log  *slog.Logger
	told atomic.Bool // the first panic was logged
}

// Call runs fn and reports whether fn returned. It recovers a panic. It logs the first one as an
// error, with its type and its place, but not its value, which might be a secret.
func (h *Hook) Call(fn func()) (returned bool) {
	defer func() {
		if !returned {
			h.tell(recover())
		}
	}()
	fn()
	return true
}

// tell logs the first panic of h. It must be called from a deferred function: the frames of the
// panic are still on the stack then. If value is nil, fn has called runtime.Goexit, which cannot
// be stopped.
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

// quietly runs fn and recovers its panic.
func quietly(fn func()) {
	defer func() { _ = recover() }()
	fn()
}

// place returns the file and line that panicked: the first frame below that of the panic which is
// not in the runtime.
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
