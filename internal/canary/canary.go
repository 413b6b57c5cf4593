// Package canary helps tests to prove that secrets do not leak. A test uses secrets that occur
// nowhere else, collects the output of the code in a [Watcher], and looks for the secrets with
// [Find].
package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"sync"
)

// Watcher collects text: what is written to it, logged, noted, or passed to hooks. The zero value
// is ready to use. A Watcher is safe for concurrent use and must not be copied.
type Watcher struct {
	mu    sync.Mutex
	said  bytes.Buffer
	calls int
}

// Write collects p.
func (w *Watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(p)
}

// Logger returns a logger whose records are collected, whatever their level.
func (w *Watcher) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.Level(-100), AddSource: true}))
}

// Watch sets each field of a struct of functions, such as a core.Trace, to a function that notes
// its arguments. Hooks is a pointer to the struct. The functions must not return anything.
func (w *Watcher) Watch(hooks any) {
	s := reflect.ValueOf(hooks).Elem()
	for _, hook := range s.Fields() {
		hook.Set(reflect.MakeFunc(hook.Type(), func(args []reflect.Value) []reflect.Value {
			w.mu.Lock()
			w.calls++
			w.mu.Unlock()
			for _, arg := range args {
				w.Note(arg.Interface())
			}
			return nil
		}))
	}
}

// Calls returns how often hooks that Watch has set were called.
func (w *Watcher) Calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// Note collects values as a program may print them. For a struct it also collects the exported
// fields, and for an error the errors that it wraps.
func (w *Watcher) Note(values ...any) {
	for _, v := range values {
		w.note(v)
		s := reflect.Indirect(reflect.ValueOf(v))
		if s.Kind() != reflect.Struct {
			continue
		}
		for field, value := range s.Fields() {
			if field.IsExported() {
				w.note(value.Interface())
			}
		}
	}
}

func (w *Watcher) note(v any) {
	if r := reflect.ValueOf(v); !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil() {
		return
	}
	fmt.Fprintf(w, "%v %+v\n", v, v)
	err, _ := v.(error)
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(w, "%T %v %#v\n", err, err, err)
	}
}

// Take returns what was collected since the last call.
func (w *Watcher) Take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.said.Reset()
	return w.said.String()
}

// Find returns the first of the secrets that occurs in text, or "". It ignores case, and also looks
// for a secret in its usual encodings.
func Find(text string, secrets ...string) string {
	text = strings.ToLower(text)
	for _, s := range secrets {
		for _, form := range []string{
			s, url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte(s)),
			base64.RawURLEncoding.EncodeToString([]byte(s)), hex.EncodeToString([]byte(s)),
		} {
			if strings.Contains(text, strings.ToLower(form)) {
				return s
			}
		}
	}
	return ""
}
