package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// pass is the fault of a call that goes well.
func pass(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) }

const (
	invalidToken = `Bearer error="invalid_token"`
	insufficient = `Bearer error="insufficient_scope", scope="messages.write push.application.com.acme.shop"`
)

// What an answer says about the second of three messages, the first of which was accepted.
func TestAnswers(t *testing.T) {
	for _, row := range []struct {
		name    string
		times   int
		fault   coretest.Fault
		outcome outcome
		arrived string // of a, b, c
	}{
		// 17.A/A33: refused for what it is
		{"bad request", 1, coretest.Status(400), rejected, "ac"},
		{"too large", 1, coretest.Status(413), rejected, "ac"},
		{"a conflict that is not MobileFirst's", 1, coretest.Status(409), rejected, "ac"},
		// refused for something that passes: sent again
		{"a token from before a restart", 1, coretest.Status(401, "WWW-Authenticate", invalidToken), accepted, "abc"},
		{"no reason but 401, twice", 2, coretest.Status(401, "WWW-Authenticate", "Bearer"), accepted, "abc"},
		{"forbidden for a while", 2, coretest.Status(403, "WWW-Authenticate", insufficient), accepted, "abc"},
		{"not found while the service starts", 2, coretest.HTML(404), accepted, "abc"},
		{"a conflict", 2, coretest.Status(409, "MFP-Conflict", "true"), accepted, "abc"},
		{"too many requests", 2, coretest.Status(429), accepted, "abc"},
		{"turned away", 2, coretest.Status(503, "Retry-After", "0"), accepted, "abc"},
		{"turned away until a date that is past", 1, coretest.Status(503, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), accepted, "abc"},
		{"the request was too slow", 1, coretest.Status(408), accepted, "abc"},
		// nobody knows: never sent again
		{"the answer was lost", 1, coretest.LoseAnswer(), unknown, "abc"},
		{"reset before it was accepted", 1, coretest.Reset(), unknown, "ac"},
		{"internal error", 1, coretest.Status(500), unknown, "ac"},
		{"bad gateway", 1, coretest.HTML(502), unknown, "ac"},
		{"unavailable, and no more", 1, coretest.Status(503), unknown, "ac"},
		{"gateway timeout", 1, coretest.Status(504), unknown, "ac"},
		{"a login page", 1, coretest.HTML(200), unknown, "ac"},
		{"a redirect", 1, coretest.Redirect(307, "https://evil.invalid/"), unknown, "ac"},
		{"no content", 1, coretest.Status(204), unknown, "ac"},
		{"a timeout", 1, coretest.Hang(), unknown, "ac"},
		// accepted all the same
		{"202 cut off in the middle", 1, coretest.Truncate(), accepted, "abc"},
		{"202 without an id", 1, coretest.DropMember("messageId"), accepted, "abc"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			j := f.job(1)
			if row.name == "a timeout" {
				j.sender.timeout = 2 * time.Second
			}
			f.srv.Inject(coretest.Push, 1, pass)
			f.srv.Inject(coretest.Push, row.times, row.fault)
			err := j.run(t.Context(), strings.NewReader(messages("a", "b", "c")))
			want := exitIncomplete
			if row.outcome == accepted {
				want = exitDone
			}
			if got := exitCode(err); got != want {
				t.Errorf("exit code is %d (%v), want %d", got, err, want)
			}
			if got, want := f.outcomes(), "1 accepted, 2 "+string(row.outcome)+", 3 accepted"; got != want {
				t.Errorf("the report says %q, want %q", got, want)
			}
			if got := strings.Join(f.alerts(), ""); got != row.arrived {
				t.Errorf("arrived %q, want %q", got, row.arrived)
			}
		})
	}
}

// What an answer to the first message says about all of them.
func TestFirstAnswer(t *testing.T) {
	for _, row := range []struct {
		name    string
		setUp   func(f *fixture)
		code    int
		outcome outcome
		pushes  int
		text    string
	}{
		{"17.A/A34 the app is unknown", func(f *fixture) {
			f.t.Setenv("PUSH_URL", f.srv.URL+"/imfpush/v1/") // the slash is as good
			f.srv.Inject(coretest.Push, 1, coretest.Body(404, "application/json", `{"code":"FPWSE0001E","message":"x"}`))
		}, exitUsage, unsent, 1, ": answered 404 FPWSE0001E: check -app"},
		{"17.A/A32 the token lacks a scope", func(f *fixture) {
			f.srv.Inject(coretest.Push, 1, coretest.Status(403, "WWW-Authenticate", insufficient))
		}, exitUsage, unsent, 1, "answered 403"},
		{"17.A/A31 the token is refused, and so is another", func(f *fixture) {
			f.srv.Inject(coretest.Push, 2, coretest.Status(401, "WWW-Authenticate", invalidToken))
		}, exitUsage, unsent, 2, "answered 401"},
		{"17.A/A35 the service wants another content type", func(f *fixture) {
			f.srv.Inject(coretest.Push, 1, coretest.Status(405))
		}, exitUsage, unsent, 1, "answered 405"},
		{"the URL is another service's", func(f *fixture) {
			f.t.Setenv("PUSH_URL", f.srv.URL+"/push")
		}, exitUsage, unsent, 0, "answered 404"},
		{"somebody redirects", func(f *fixture) {
			f.srv.Inject(coretest.Push, 1, coretest.Redirect(302, "https://login.invalid/"))
		}, exitUsage, unknown, 1, "as no push service does"},
		{"a captive portal", func(f *fixture) {
			f.srv.Inject(coretest.Push, 1, coretest.HTML(200))
		}, exitUsage, unknown, 1, "as no push service does"},
		{"the secret is wrong", func(f *fixture) {
			f.t.Setenv("MFPGUARD_CLIENT_SECRET", "wrong")
		}, exitUsage, unsent, 0, "invalid_client"},
		{"the scope is not allowed", func(f *fixture) {
			f.srv.SetClient(coretest.Client{ID: "test", Secret: "test", AllowedScope: "messages.write"})
		}, exitUsage, unsent, 0, "invalid_scope"},
		{"the answer is lost", func(f *fixture) {
			f.srv.Inject(coretest.Push, coretest.Always, coretest.LoseAnswer())
		}, exitTryAgain, unknown, 1, "so that there are no more of them"},
		{"an internal error", func(f *fixture) {
			f.srv.Inject(coretest.Push, coretest.Always, coretest.Status(500))
		}, exitTryAgain, unknown, 1, "answered 500"},
		{"come back in an hour", func(f *fixture) {
			f.srv.Inject(coretest.Push, coretest.Always, coretest.Status(503, "Retry-After", "3600"))
		}, exitTryAgain, unsent, 1, "answered 503: gave up, run it again"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			row.setUp(f)
			e := f.run(numbered(20)) // with 8 workers
			if e.code != row.code || !strings.Contains(e.stderr, row.text) {
				t.Errorf("exit code %d, want %d and %q in\n%s", e.code, row.code, row.text, e.stderr)
			}
			f.wantOnly(row.outcome)
			if got := f.srv.Calls().Push; got != row.pushes {
				t.Errorf("%d requests, want %d", got, row.pushes)
			}
		})
	}
}

// The certificate is nobody's that we know.
func TestFirstAnswerFromAStranger(t *testing.T) {
	f := newFixture(t)
	stranger := coretest.NewTLSServer()
	t.Cleanup(stranger.Close)
	t.Setenv("PUSH_URL", stranger.URL+"/imfpush/v1")
	f.run(numbered(20)).want(t, exitUsage, "accepted 0, rejected 0, unknown 0, unsent 1", "certificate")
	if got := stranger.Calls(); got != (coretest.Calls{}) {
		t.Errorf("the stranger got %+v", got)
	}
}

func TestServerIsDown(t *testing.T) {
	f := newFixture(t)
	f.srv.Down()
	j := f.job(8)
	j.patience = 500 * time.Millisecond
	if err := j.run(t.Context(), strings.NewReader(numbered(20))); exitCode(err) != exitTryAgain {
		t.Errorf("error is %v, want exit code 75", err)
	}
	f.wantOnly(unsent)
	j.report.close()
	f.srv.Up()
	f.run(numbered(20)).want(t, exitDone, "accepted 20, rejected 0, unknown 0, unsent 0")
	f.wantOnce(20)
}

func TestJobStopsWhileItWaits(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.srv.Inject(coretest.Push, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		cancel() // while the attempt goes on
		coretest.Status(503, "Retry-After", "60")(w, r, next)
	})
	err := f.job(8).run(ctx, strings.NewReader(numbered(20)))
	if exitCode(err) != exitTryAgain || f.srv.Calls().Push != 1 {
		t.Errorf("error is %v after %d requests, want exit code 75 after 1", err, f.srv.Calls().Push)
	}
	f.wantOnly(unsent)
}

// CC-36: the token endpoint is down while the push service is not.
func TestTokenEndpointIsDownForAMoment(t *testing.T) {
	f := newFixture(t)
	f.srv.Inject(coretest.Token, 2, coretest.Status(503)) // an attempt and its retry
	f.run(numbered(3)).want(t, exitDone, "accepted 3, rejected 0, unknown 0, unsent 0")
	f.wantOnce(3)
}

func TestPushServiceLosesEveryAnswer(t *testing.T) {
	f := newFixture(t)
	f.srv.Inject(coretest.Push, 1, pass)
	f.srv.Inject(coretest.Push, coretest.Always, coretest.LoseAnswer())
	e := f.run(numbered(100), "-workers", "3")
	if e.code != exitTryAgain || !strings.Contains(e.stderr, "too many unknown outcomes in a row") {
		t.Errorf("exit code %d, want 75:\n%s", e.code, e.stderr)
	}
	if got := strings.Count(f.outcomes(), "unknown"); got < 4 || got > 7 {
		t.Errorf("%d lines are unknown, want 4 to 7", got)
	}
	f.wantOnce(len(f.alerts()))
}

func TestReportCannotBeWritten(t *testing.T) {
	f := newFixture(t)
	j := f.job(2)
	j.report.close()
	err := j.run(t.Context(), strings.NewReader(numbered(20)))
	if exitCode(err) != exitTryAgain || !strings.Contains(err.Error(), "-report") {
		t.Errorf("error is %v, want one of the report with exit code 75", err)
	}
	if got := f.srv.Calls().Push; got != 0 {
		t.Errorf("%d messages were sent that no report knows", got)
	}
}

func TestReportIsInUse(t *testing.T) {
	f := newFixture(t)
	f.job(1)
	f.run(messages("x")).want(t, exitTryAgain, "", "another job is using it")
	f.wantAlerts()
}

func TestInputBreaks(t *testing.T) {
	f := newFixture(t)
	dir := t.TempDir() // opens, and cannot be read
	f.run("", "-in", dir).want(t, exitTryAgain, "accepted 0, rejected 0, unknown 0, unsent 0", "-in: reading line 1")
	if _, err := os.Stat(f.report); err != nil {
		t.Errorf("the report: %v", err)
	}
}
