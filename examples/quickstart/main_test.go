package main

import (
	"os"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestRunTellsTheWholeStory(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.dialect.String(), func(t *testing.T) { tellsTheWholeStory(t, p) })
	}
}

func tellsTheWholeStory(t *testing.T, p *profile) {
	var out strings.Builder
	if err := run(t.Context(), &out, p); err != nil {
		t.Fatalf("run: %v\n%s", err, out.String())
	}
	srv := coretest.New()
	steps := story(srv, p)
	rest := out.String()
	for _, s := range steps {
		_, after, ok := strings.Cut(rest, s.title)
		if !ok {
			t.Fatalf("no %q after the step before it in\n%s", s.title, out.String())
		}
		rest = after
	}
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	line := `r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")),`
	if !strings.Contains(string(source), line) || !strings.Contains(out.String(), line) {
		t.Errorf("the guard's line is not the one of the program: %s", line)
	}
	for l := range strings.Lines(out.String()) {
		if len(l) > 200 {
			t.Errorf("a line of %d characters: %s", len(l), l)
		}
	}
	calls := "1 introspection"
	if p.ownToken {
		calls = "1 token, 1 introspection"
	}
	devserver := "devserver@latest\n"
	if p != profiles[0] {
		devserver = "devserver@latest -profile " + p.dialect.String() + "\n"
	}
	for _, want := range []string{"negative hit", calls, p.bob[:20], "All 16 answers", "What next", devserver, p.about} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
}

// TestRunPrintsNoToken knows the tokens of coretest by their first letters: {" in base64.
func TestRunPrintsNoToken(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, profiles[0]); err != nil {
		t.Fatal(err)
	}
	srv := coretest.New()
	for _, secret := range []string{srv.Mint(coretest.Grant{})[:3], "not-one-of-yours"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in the output", secret)
		}
	}
}

func TestProfileOf(t *testing.T) {
	for _, p := range profiles {
		if got, err := profileOf(p.dialect.String()); got != p || err != nil {
			t.Errorf("%v: %v, %v", p.dialect, got, err)
		}
	}
	if _, err := profileOf("keycloak"); err == nil || !strings.Contains(err.Error(), "rfc7662") {
		t.Errorf("an unknown profile: %v", err)
	}
}

func TestClip(t *testing.T) {
	full := strings.Repeat("a", longestLine)
	for body, want := range map[string]string{"": "", "17364.9": "17364.9", full: full, full + "b": full + "..."} {
		if got := clip(body); got != want {
			t.Errorf("%q: got %q, want %q", body, got, want)
		}
	}
}

func TestCheckSeesEveryDifference(t *testing.T) {
	want := exchange{401, challengeInvalid, invalid, core.Miss, coretest.Calls{Introspection: 1}}
	for _, c := range []struct {
		name string
		edit func(*exchange)
	}{
		{"another status", func(e *exchange) { e.status = 200 }},
		{"another challenge", func(e *exchange) { e.header = "" }},
		{"no challenge", func(e *exchange) { e.header = "" }},
		{"another body", func(e *exchange) { e.body = missing }},
		{"a longer body", func(e *exchange) { e.body += "\n" }},
		{"a hit", func(e *exchange) { e.cache = core.Hit }},
		{"no call", func(e *exchange) { e.calls.Introspection = 0 }},
		{"a token call", func(e *exchange) { e.calls.Token = 1 }},
	} {
		got := want
		c.edit(&got)
		if got.check(want) == nil {
			t.Errorf("%s passes", c.name)
		}
	}
	got := want
	want.body = `{"error":...`
	if err := got.check(want); err != nil {
		t.Errorf("a body with the wanted start: %v", err)
	}
	want.body = `{"errors":...`
	if got.check(want) == nil {
		t.Error("a body with another start passes")
	}
	if err := got.check(got); err != nil {
		t.Errorf("no difference: %v", err)
	}
}

func TestTellStopsAtAWrongAnswer(t *testing.T) {
	srv := coretest.NewServer()
	defer srv.Close()
	var out strings.Builder
	c := &caller{client: srv.Client(), api: srv.URL, server: srv, notes: &notebook{}, out: &out}
	err := c.tell(t.Context(), []step{
		{title: "as announced", request: "GET /", want: exchange{status: 404, body: "..."}},
		{title: "wrong", request: "GET /", want: exchange{status: 200}},
		{title: "never reached", request: "GET /", want: exchange{status: 404, body: "..."}},
	})
	if err == nil || !strings.Contains(err.Error(), "step 2") {
		t.Errorf("err = %v, want one of step 2", err)
	}
	if strings.Contains(out.String(), "never reached") || strings.Contains(out.String(), "as they should be") {
		t.Errorf("the story goes on:\n%s", out.String())
	}
}
