package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestDemo(t *testing.T) {
	d := newDemo()
	d.pace, d.lifetime, d.outage = 4*time.Millisecond, time.Second, 300*time.Millisecond
	var stdout, stderr bytes.Buffer
	if code := d.run(t.Context(), &stdout, &stderr); code != exitDone {
		t.Fatalf("exit code %d:\n%s%s", code, stdout.String(), stderr.String())
	}
	rest := stdout.String()
	for _, want := range []string{"1000 messages", "restarts", "goes down", "it is back", "done", "accepted 1000, lost 0, duplicated 0\n"} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("no %q where it should be in\n%s", want, stdout.String())
		}
		rest = after
	}
	if got := d.srv.Calls().Token; got < 4 {
		t.Errorf("%d token requests, want several lifetimes and two restarts", got)
	}
}

func TestDemoSeesWhatIsWrong(t *testing.T) {
	for _, row := range []struct {
		name   string
		alerts []string
		want   string
	}{
		{"all is well", []string{"For user0", "For user1"}, "accepted 2, lost 0, duplicated 0\n"},
		{"one is lost", []string{"For user1"}, "accepted 2, lost 1, duplicated 0\n"},
		{"one arrived twice", []string{"For user0", "For user1", "For user0"}, "accepted 2, lost 0, duplicated 1\n"},
		{"one is somebody else's", []string{"For user0", "For user2"}, "accepted 2, lost 1, duplicated 0\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			f.run(messages(row.alerts...), "-workers", "1")
			var stdout bytes.Buffer
			d := &demo{messages: 2, srv: f.srv, job: &job{}, stdout: &stdout}
			d.job.tally.add(accepted, false)
			d.job.tally.add(accepted, false)
			err := d.check()
			if stdout.String() != row.want || (err == nil) != (row.name == "all is well") {
				t.Errorf("it says %q and %v, want %q", stdout.String(), err, row.want)
			}
		})
	}
}
