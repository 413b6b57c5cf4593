package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// panicVariable is the environment variable that names the function of the user that panics. It
// is set for a child process, because the panic may end the process.
const panicVariable = "MFPGUARD_BENCH_PANIC"

var panicking = []string{"Renewed", "Logger", "Trace.Looked", "Trace.Introspected", "Trace.Decided"}

// endured is the result of a guard in which a function of the user panics.
type endured struct{ LetIn, Refused, Told int }

const enduring = 20 // good tokens, and as many bad ones

// measurePanics makes each of the functions of the user panic whenever it is called.
func measurePanics(settings) ([]target, error) {
	all, errs := make([]endured, len(panicking)), make([]error, len(panicking))
	share(len(panicking), len(panicking), func(i, _ int) { all[i], errs[i] = inChild(panicking[i]) })
	var failed []string
	for i, name := range panicking {
		switch e := all[i]; {
		case errs[i] != nil:
			failed = append(failed, name+": the process ends")
		case e.LetIn != enduring || e.Refused != enduring:
			failed = append(failed, fmt.Sprintf("%s: %d of %d let in, %d of %d refused", name, e.LetIn, enduring, e.Refused, enduring))
		case name != "Logger" && e.Told != 1:
			failed = append(failed, fmt.Sprintf("%s: told %d times", name, e.Told))
		}
	}
	t := target{
		what: strings.Join(panicking, ", ") + " panic", found: strings.Join(failed, "; "),
		want: "all decided as ever, told once", reached: failed == nil,
	}
	if t.reached {
		t.found = "all as ever"
	}
	return []target{t}, nil
}

func inChild(name string) (e endured, err error) {
	self, err := os.Executable()
	if err != nil {
		return e, err
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), panicVariable+"="+name)
	out, err := c.Output()
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(out, &e)
}

// endure runs in the child and prints the result.
func endure(name string) {
	e, err := newEndured(name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(e)
}

func newEndured(name string) (*endured, error) {
	e := &endured{}
	hook := func(at string) {
		if at == name {
			panic(at)
		}
	}
	log := slog.New(teller{e, func() { hook("Logger") }})
	a := &authority{rule: func(token string) ruling {
		if token[:1] == garbageToken {
			return ruling{body: inactiveAnswer, after: time.Millisecond}
		}
		return ruling{body: `{"active":true,"client_id":"c","scope":"accessRestricted"}`, after: time.Millisecond} // the other answer has the exp of MobileFirst
	}}
	own, err := tokensource.New(tokensource.Config{
		TokenURL: "https://as.invalid/token", ClientID: "bench", ClientSecret: "not-a-secret", Transport: a, Logger: log,
		Renewed: func(tokensource.Renewal) { hook("Renewed") },
	})
	if err != nil {
		return nil, err
	}
	v, err := core.New(core.Config{
		Profile:   core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://as.invalid/introspect", TokenSource: own, AnyAudience: true}),
		Transport: a, Logger: log,
		Trace: core.Trace{
			Looked:       func(context.Context, core.LookedInfo) { hook("Trace.Looked") },
			Introspected: func(context.Context, core.IntrospectedInfo) { hook("Trace.Introspected") },
			Decided:      func(context.Context, core.DecidedInfo) { hook("Trace.Decided") },
		},
	})
	if err != nil {
		return nil, err
	}
	for i := range enduring {
		e.LetIn += once(v, numbered(goodToken, i, opaqueSize), 0)
		e.Refused += once(v, numbered(garbageToken, i, opaqueSize), 401)
	}
	return e, nil
}

// once presents a token, and recovers a panic as the middleware of a framework does. It returns 1
// if the status of the denial is the wanted one, where 0 stands for no denial.
func once(v *core.Verifier, token string, want int) (met int) {
	defer func() { _ = recover() }()
	_, denial := guardFor(v, requirement).Authorize(context.Background(), present(token))
	if denial == nil && want == 0 || denial != nil && denial.Status == want {
		return 1
	}
	return 0
}

// A teller counts the Error lines of a log.
type teller struct {
	e    *endured
	hook func()
}

func (t teller) Enabled(context.Context, slog.Level) bool { return true }
func (t teller) WithAttrs([]slog.Attr) slog.Handler       { return t }
func (t teller) WithGroup(string) slog.Handler            { return t }

// Handle implements [slog.Handler]. Calls are not concurrent here, because the requests are not.
func (t teller) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		t.e.Told++
	}
	t.hook()
	return nil
}
