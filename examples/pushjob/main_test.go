package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// TestMain makes the test binary be the program itself for the tests that need a process.
func TestMain(m *testing.M) {
	if os.Getenv("PUSHJOB_TEST_MAIN") == "1" {
		main()
	}
	os.Exit(m.Run())
}

func TestRunSendsEverything(t *testing.T) {
	f := newFixture(t)
	f.run(numbered(50)).want(t, exitDone, "accepted 50, rejected 0, unknown 0, unsent 0")
	f.wantOnce(50)
	ids := map[string]bool{}
	for _, e := range f.entries() {
		ids[e.MessageID] = true
	}
	if len(ids) != 50 || ids[""] {
		t.Errorf("the report has %d message ids, want 50", len(ids))
	}
	if got := f.srv.MaxConcurrent(coretest.Push); got > 8 {
		t.Errorf("%d messages at a time, want 8 at most", got)
	}
	if got := f.srv.Calls(); got.Token != 1 {
		t.Errorf("%d token requests, want 1", got.Token)
	}
	r := f.srv.Requests(coretest.Token)[0]
	if got, want := r.Form.Get("scope"), "messages.write push.application."+app; got != want {
		t.Errorf("scope is %q, want %q", got, want)
	}
}

func TestRunSendsInOrderWithOneWorker(t *testing.T) {
	f := newFixture(t)
	f.run(messages("a", "b", "c"), "-workers", "1").want(t, exitDone, "accepted 3, rejected 0, unknown 0, unsent 0")
	f.wantAlerts("a", "b", "c")
	if got := f.srv.MaxConcurrent(coretest.Push); got != 1 {
		t.Errorf("%d messages at a time, want 1", got)
	}
}

func TestRunReadsAFile(t *testing.T) {
	f := newFixture(t)
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte(messages("x")), 0o600); err != nil {
		t.Fatal(err)
	}
	f.run("", "-in", in).want(t, exitDone, "accepted 1, rejected 0, unknown 0, unsent 0")
	f.wantAlerts("x")
}

func TestRunReadsTheSecretFromAFile(t *testing.T) {
	f := newFixture(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MFPGUARD_CLIENT_SECRET", "")
	t.Setenv("MFPGUARD_CLIENT_SECRET_FILE", file)
	f.run(messages("x")).want(t, exitDone, "accepted 1, rejected 0, unknown 0, unsent 0")
}

func TestRunWithNothingToSend(t *testing.T) {
	f := newFixture(t)
	f.run("\n\n").want(t, exitDone, "accepted 0, rejected 0, unknown 0, unsent 0")
	if got := f.srv.Calls(); got != (coretest.Calls{}) {
		t.Errorf("calls are %+v, want none", got)
	}
}

func TestRunRejectsBadLinesAndGoesOn(t *testing.T) {
	f := newFixture(t)
	input := messages("a") + "{\n\n" + messages("b") + strings.Repeat("x", maxLine+1) + "\n" + `{"message":{"alert":"c"}}`
	f.run(input).want(t, exitIncomplete, "accepted 2, rejected 3, unknown 0, unsent 0",
		"line 2: rejected: it is not a message", "line 5: rejected: it is longer than", "line 6: rejected: it names no target")
	f.wantAlerts("a", "b")
	if got, want := f.outcomes(), "1 accepted, 2 rejected, 4 accepted, 5 rejected, 6 rejected"; got != want {
		t.Errorf("the report says %q, want %q", got, want)
	}
}

func TestCommandLineMistakes(t *testing.T) {
	for _, row := range []struct {
		name string
		args string
		want string
	}{
		{"no app", "-report r", "-app is not set"},
		{"no report", "-app a", "-report is not set"},
		{"no workers", "-app a -report r -workers 0", "-workers is 0"},
		{"too many workers", "-app a -report r -workers 257", "-workers is 257"},
		{"an unknown flag", "-ap a", "flag provided but not defined"},
		{"an argument", "-app a -report r messages.jsonl", `what is "messages.jsonl"`},
		{"a demo with something else", "-demo -app a", "-demo takes no other flag"},
		{"an app with a slash", "-app a/b -report r", "-app is"},
		{"an app that no scope could name", `-app a"b -report r`, "-app is"},
		{"no such input", "-app a -report r -in /nonexistent/in", "-in: "},
		{"no place for a report", "-app a -report /nonexistent/r", "-report: "},
	} {
		newFixture(t)
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(row.args), strings.NewReader(""), &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), row.want) {
			t.Errorf("%s: exit code %d, %q, want 2 and %q", row.name, code, stderr.String(), row.want)
		}
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"-help"}, nil, &stderr, &stderr); code != exitDone || !strings.Contains(stderr.String(), "-retry-unknown") {
		t.Errorf("-help: exit code %d, %q", code, stderr.String())
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	for _, row := range []struct{ name, variable, value, want string }{
		{"no server", "MFPGUARD_SERVER", "", "MFPGUARD_SERVER is not set"},
		{"no push URL", "PUSH_URL", "", "PUSH_URL is not set"},
		{"no client", "MFPGUARD_CLIENT_ID", "", "MFPGUARD_CLIENT_ID is not set"},
		{"no secret", "MFPGUARD_CLIENT_SECRET", "", "MFPGUARD_CLIENT_SECRET is not set"},
		{"another kind of server", "MFPGUARD_PROFILE", "rfc7662", "MFPGUARD_"},
		{"a push URL in the clear", "PUSH_URL", "http://mfp.example.com/imfpush/v1", "PUSH_URL is not https://"},
		{"a push URL with a password", "PUSH_URL", "https://a:b@mfp.example.com/imfpush/v1", "is not a plain URL"},
		{"a push URL with a query", "PUSH_URL", "https://mfp.example.com/imfpush/v1?a=b", "is not a plain URL"},
		{"a push URL without a host", "PUSH_URL", "/imfpush/v1", "is not a plain URL"},
		{"a push URL of an app", "PUSH_URL", "https://mfp.example.com/imfpush/v1/apps/a", "already has /apps"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			t.Setenv(row.variable, row.value)
			e := f.run(messages("x"))
			if e.code != exitUsage || !strings.Contains(e.stderr, row.want) {
				t.Errorf("exit code %d, %q, want 2 and %q", e.code, e.stderr, row.want)
			}
			if strings.Contains(e.stderr, "a:b@") {
				t.Errorf("the password is repeated: %s", e.stderr)
			}
			if _, err := os.Stat(f.report); err == nil {
				t.Error("there is a report of nothing")
			}
		})
	}
}

func TestCheckURLAllowsHTTPWhenToldTo(t *testing.T) {
	for raw, insecure := range map[string]bool{
		"http://localhost:9080/imfpush/v1": false, "http://[::1]:9080/imfpush/v1": false,
		"https://mfp.example.com/imfpush/v1": false, "http://mfp.example.com/imfpush/v1": true,
	} {
		if err := checkURL(raw, insecure); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// Neither the report nor what is printed shows what is sent, to whom, or with which credentials.
func TestNothingIsShown(t *testing.T) {
	f := newFixture(t)
	const secret = "s3cret-of-this-job"
	f.srv.SetClient(coretest.Client{ID: "job", Secret: secret, AllowedScope: "*"})
	t.Setenv("MFPGUARD_CLIENT_ID", "job")
	t.Setenv("MFPGUARD_CLIENT_SECRET", secret)
	line := `{"message":{"alert":"canary-text"},"target":{"userIds":["canary-user"]}}` + "\n"
	f.srv.Inject(coretest.Push, 1, pass)
	f.srv.Inject(coretest.Push, 1, coretest.Body(400, "application/json", `{"code":"FPWSE0004E","message":"canary-text"}`))
	f.srv.Inject(coretest.Push, 1, coretest.LoseAnswer())
	e := f.run(line+line+line+strings.Replace(line, "]", "", 1)+strings.Replace(line, `["canary-user"]`, `"canary-user"`, 1), "-workers", "1")
	e.want(t, exitIncomplete, "accepted 1, rejected 3, unknown 1, unsent 0", "line 2: rejected: answered 400 FPWSE0004E")
	report, err := os.ReadFile(f.report)
	if err != nil {
		t.Fatal(err)
	}
	token := f.srv.Mint(coretest.Grant{})[:20]
	for _, canary := range []string{"canary-text", "canary-user", secret, token} {
		if strings.Contains(e.stdout+e.stderr+string(report), canary) {
			t.Errorf("%q is shown", canary)
		}
	}
}
