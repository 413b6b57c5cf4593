package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

const app = "com.acme.shop"

// fixture is a server, the environment for it, and a place for the report.
type fixture struct {
	t      *testing.T
	srv    *coretest.Server
	report string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, srv: coretest.NewServer(), report: filepath.Join(t.TempDir(), "report")}
	t.Cleanup(f.srv.Close)
	f.srv.AddApp(app)
	for name, value := range f.env() {
		t.Setenv(name, value)
	}
	return f
}

func (f *fixture) env() map[string]string {
	return map[string]string{
		"MFPGUARD_SERVER":        f.srv.BaseURL(),
		"PUSH_URL":               f.srv.URL + "/imfpush/v1",
		"MFPGUARD_CLIENT_ID":     "test",
		"MFPGUARD_CLIENT_SECRET": "test",
	}
}

// ended is how a run ended.
type ended struct {
	code           int
	stdout, stderr string
}

// run sends input with the app and the report set.
func (f *fixture) run(input string, flags ...string) ended {
	f.t.Helper()
	var stdout, stderr bytes.Buffer
	args := append([]string{"-app", app, "-report", f.report}, flags...)
	code := run(f.t.Context(), args, strings.NewReader(input), &stdout, &stderr)
	return ended{code, stdout.String(), stderr.String()}
}

// want compares the exit code and the summary, and wants every text in what went to standard error.
func (e ended) want(t *testing.T, code int, summary string, texts ...string) {
	t.Helper()
	if e.code != code || strings.TrimSpace(e.stdout) != summary {
		t.Errorf("exit code %d and %q, want %d and %q; it says\n%s", e.code, e.stdout, code, summary, e.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(e.stderr, text) {
			t.Errorf("standard error lacks %q:\n%s", text, e.stderr)
		}
	}
}

// job is one for tests that watch it at work, or want less patience.
func (f *fixture) job(workers int) *job {
	f.t.Helper()
	j, err := options{app: app, report: f.report, workers: workers}.prepare(newConsole(f.t.Output()))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { j.report.close() })
	return j
}

// alerts is what arrived, in alphabetical order.
func (f *fixture) alerts() []string {
	var all []string
	for _, m := range f.srv.Messages(app) {
		all = append(all, m.Alert)
	}
	slices.Sort(all)
	return all
}

func (f *fixture) wantAlerts(want ...string) {
	f.t.Helper()
	if got := f.alerts(); !slices.Equal(got, want) {
		f.t.Errorf("arrived %q, want %q", got, want)
	}
}

// wantOnce wants the messages of numbered to have arrived, each of them once.
func (f *fixture) wantOnce(n int) {
	f.t.Helper()
	times := map[string]int{}
	for _, a := range f.alerts() {
		times[a]++
	}
	if len(times) != n {
		f.t.Errorf("%d messages arrived, want %d", len(times), n)
	}
	for a, k := range times {
		if k > 1 {
			f.t.Errorf("%q arrived %d times", a, k)
		}
	}
}

// entries is the last word of the report about each line.
func (f *fixture) entries() map[int]entry {
	f.t.Helper()
	file, err := os.Open(f.report)
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	last := map[int]entry{}
	for s := bufio.NewScanner(file); s.Scan(); {
		var e entry
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			f.t.Fatalf("report has %q: %v", s.Text(), err)
		}
		last[e.Line] = e
	}
	return last
}

// outcomes is the report as "1 accepted, 2 unknown".
func (f *fixture) outcomes() string {
	f.t.Helper()
	entries := f.entries()
	var words []string
	for n := 1; len(words) < len(entries); n++ {
		if e, ok := entries[n]; ok {
			words = append(words, fmt.Sprint(n, " ", e.Outcome))
		}
	}
	return strings.Join(words, ", ")
}

// wantOnly wants the report to say this of one line, whichever was the first, and nothing else.
func (f *fixture) wantOnly(want outcome) {
	f.t.Helper()
	entries := f.entries()
	for _, e := range entries {
		if e.Outcome != want || len(entries) > 1 {
			f.t.Errorf("the report says %q, want one line to be %s", f.outcomes(), want)
		}
	}
	if len(entries) == 0 {
		f.t.Error("the report says nothing")
	}
}

// messages is one line for each alert, to everybody.
func messages(alerts ...string) string {
	var b strings.Builder
	for _, a := range alerts {
		fmt.Fprintf(&b, `{"message":{"alert":%q},"target":{"broadcast":true}}`+"\n", a)
	}
	return b.String()
}

// numbered is n different messages.
func numbered(n int) string {
	var alerts []string
	for i := range n {
		alerts = append(alerts, fmt.Sprintf("m%04d", i))
	}
	return messages(alerts...)
}
