package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestResume(t *testing.T) {
	f := newFixture(t)
	input := messages("a", "b", "c", "d")
	f.srv.Inject(coretest.Push, 1, pass)
	f.srv.Inject(coretest.Push, 1, coretest.Status(400))
	f.srv.Inject(coretest.Push, 1, coretest.LoseAnswer())
	f.run(input, "-workers", "1").want(t, exitIncomplete, "accepted 2, rejected 1, unknown 1, unsent 0")
	f.wantAlerts("a", "c", "d")

	// What was refused is tried again, what may have been accepted is not.
	f.run(input).want(t, exitIncomplete, "accepted 3, rejected 0, unknown 1, unsent 0 (3 of them by earlier runs)")
	f.wantAlerts("a", "b", "c", "d")
	f.run(input).want(t, exitIncomplete, "accepted 3, rejected 0, unknown 1, unsent 0 (4 of them by earlier runs)")
	if got := f.srv.Calls().Push; got != 5 {
		t.Errorf("%d requests, want 5", got)
	}

	// Lines may be added.
	f.run(input+messages("e")).want(t, exitIncomplete, "accepted 4, rejected 0, unknown 1, unsent 0 (4 of them by earlier runs)")
	f.wantAlerts("a", "b", "c", "d", "e")

	f.run(input+messages("e"), "-retry-unknown").want(t, exitDone, "accepted 5, rejected 0, unknown 0, unsent 0 (4 of them by earlier runs)")
	f.wantAlerts("a", "b", "c", "c", "d", "e")
	f.run(input+messages("e"), "-retry-unknown").want(t, exitDone, "accepted 5, rejected 0, unknown 0, unsent 0 (5 of them by earlier runs)")
}

func TestResumeWithAnotherInput(t *testing.T) {
	f := newFixture(t)
	f.srv.Inject(coretest.Push, 1, pass)
	f.srv.Inject(coretest.Push, 1, coretest.Status(400))
	f.run(messages("a", "b"), "-workers", "1").want(t, exitIncomplete, "accepted 1, rejected 1, unknown 0, unsent 0")

	// A rejected line may be corrected.
	f.run(messages("a", "B")).want(t, exitDone, "accepted 2, rejected 0, unknown 0, unsent 0 (1 of them by earlier runs)")
	// One that was accepted may not: had all lines moved by one, all would be sent once more.
	f.run(messages("new", "a", "B")+numbered(20)).want(t, exitUsage, "accepted 0, rejected 0, unknown 0, unsent 0", "line 1 is not what was sent")
	f.wantAlerts("B", "a")
	f.srv.AddApp("com.acme.other")
	f.run(messages("a", "B"), "-app", "com.acme.other").want(t, exitUsage, "accepted 0, rejected 0, unknown 0, unsent 0", "another app")
	if got := f.srv.Messages("com.acme.other"); len(got) != 0 {
		t.Errorf("the other app got %+v", got)
	}
	// White space around a line is no other line.
	f.run(" "+strings.ReplaceAll(messages("a", "B"), "\n", "\r\n")).want(t, exitDone, "accepted 2, rejected 0, unknown 0, unsent 0 (2 of them by earlier runs)")
}

// Everything that can go wrong does, again and again, and the job is run until it says that it is through: nothing arrives
// twice, what is reported as accepted has arrived, and only what is reported as unknown may be missing.
func TestNothingIsLostOrDuplicated(t *testing.T) {
	const n = 400
	f := newFixture(t)
	var calls atomic.Int64
	f.srv.Inject(coretest.Push, coretest.Always, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		switch k := calls.Add(1); {
		case k%97 == 0:
			f.srv.Restart()
			next.ServeHTTP(w, r)
		case k%53 == 0:
			coretest.LoseAnswer()(w, r, next)
		case k%41 == 0:
			coretest.Reset()(w, r, next)
		case k%31 == 0:
			coretest.Status(500)(w, r, next)
		case k%29 == 0:
			coretest.HTML(404)(w, r, next)
		case k%13 == 0:
			coretest.Status(503, "Retry-After", "0")(w, r, next)
		default:
			next.ServeHTTP(w, r)
		}
	})
	e := f.run(numbered(n))
	for runs := 1; e.code == exitTryAgain && runs < 20; runs++ {
		e = f.run(numbered(n))
	}
	if e.code != exitIncomplete {
		t.Fatalf("exit code %d, want 1:\n%s", e.code, e.stderr)
	}
	arrived := map[string]int{}
	for _, m := range f.srv.Messages(app) {
		arrived[m.ID]++
	}
	f.wantOnce(len(f.alerts()))
	entries := f.entries()
	missing := 0
	for _, entry := range entries {
		switch {
		case entry.Outcome == accepted && arrived[entry.MessageID] != 1:
			t.Errorf("line %d is reported as accepted, and did not arrive", entry.Line)
		case entry.Outcome == unknown:
			missing++
		case entry.Outcome != accepted:
			t.Errorf("line %d is %s", entry.Line, entry.Outcome)
		}
	}
	if len(entries) != n || len(f.alerts())+missing < n || missing == 0 || missing > n/10 {
		t.Errorf("%d lines, %d arrived, %d unknown", len(entries), len(f.alerts()), missing)
	}
}
