//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// process is the program on its own, with an input that stays open.
type process struct {
	*exec.Cmd

	in     io.WriteCloser
	stderr bytes.Buffer
}

func (f *fixture) start(input string) *process {
	f.t.Helper()
	p := &process{Cmd: exec.CommandContext(f.t.Context(), os.Args[0], "-app", app, "-report", f.report, "-workers", "1")}
	p.Env = append(os.Environ(), "PUSHJOB_TEST_MAIN=1")
	p.Stderr = &p.stderr
	var err error
	if p.in, err = p.StdinPipe(); err != nil {
		f.t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		f.t.Fatal(err)
	}
	if _, err := io.WriteString(p.in, input); err != nil {
		f.t.Fatal(err)
	}
	return p
}

// hold makes the second message wait after it was accepted.
func (f *fixture) hold() (reached, release chan struct{}) {
	reached, release = make(chan struct{}), make(chan struct{})
	f.srv.Inject(coretest.Push, 1, pass)
	f.srv.Inject(coretest.Push, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		close(reached)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	return reached, release
}

func TestTerminate(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		f := newFixture(t)
		reached, release := f.hold()
		p := f.start(messages("a", "b"))
		<-reached
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		close(release)
		err := p.Wait()
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != exitTryAgain {
			t.Errorf("after %v it ended with %v, want exit code 75:\n%s", signal, err, p.stderr.String())
		}
		if got := f.outcomes(); got != "1 accepted, 2 accepted" {
			t.Errorf("the report says %q: the message on its way was not waited for", got)
		}
		f.run(messages("a", "b", "c")).want(t, exitDone, "accepted 3, rejected 0, unknown 0, unsent 0 (2 of them by earlier runs)")
		f.wantAlerts("a", "b", "c")
	}
}

func TestKill(t *testing.T) {
	f := newFixture(t)
	reached, _ := f.hold()
	p := f.start(messages("a", "b", "c"))
	<-reached
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	if got := f.outcomes(); got != "1 accepted, 2 unknown" {
		t.Errorf("the report says %q, want the second line unknown", got)
	}
	f.run(messages("a", "b", "c")).want(t, exitIncomplete, "accepted 2, rejected 0, unknown 1, unsent 0 (2 of them by earlier runs)")
	f.wantAlerts("a", "b", "c")
}
