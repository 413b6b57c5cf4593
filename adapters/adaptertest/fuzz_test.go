package adaptertest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

const good = "Good.Token~1234567890=="

// FuzzAdaptersAgree sends any bytes in Authorization fields to the three adapters, each in a real server on a listener in
// memory. Where a server lets a request through to its adapter, the answer is one of a handful, and the same on all of
// them (BT-59); only the one good token is ever accepted.
//
// A line end in the input starts another field, or continues the field if a blank or tab follows.
func FuzzAdaptersAgree(f *testing.F) {
	for _, seed := range []string{
		"", " ", "Bearer", "Bearer ", "Bearer " + good, "bearer  " + good + " \t", "BEARER\t" + good, "Bearer\u00a0" + good,
		"Bearer " + good + "\nBearer " + good, "\nBearer " + good, "Bearer\n " + good, "Bearer " + good + ", Basic dTpw",
		"Basic dTpw, Bearer " + good, "Basic dTpw bearer " + good, `MAC id="x, Bearer y"`, `MAC id="\", Bearer y`, "Bearer a=b", "Bearer ===",
		"Bearer a\x00b", "Bearer a\rb", "Bearer a\x7fb", "Bearer \xff", "Bearer unknown", "Bearer:" + good, "Bearer " + strings.Repeat("a", 8193),
		"Basic x,Bearer", ", Bearer x", "Bearer ,", "Bearer x,", "Bearer x, ,", "Bearer x y,z", "\n ",
	} {
		f.Add([]byte(seed))
	}
	servers := startAll(f)
	f.Fuzz(func(t *testing.T, value []byte) {
		if len(value) > 32<<10 {
			return
		}
		request := "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields(string(value)) + "\r\n"
		var first, from string
		for _, s := range servers {
			answer, reached := s.ask(t, request)
			if !reached {
				continue
			}
			if !slices.Contains(answers, answer) {
				t.Errorf("%s answers %q to %q", s.name, answer, request)
			}
			if answer == accepted && !strings.Contains(string(value), "\n") && !acceptable.Match(value) {
				t.Errorf("%s accepts %q", s.name, request)
			}
			if first == "" {
				first, from = answer, s.name
			}
			if answer != first {
				t.Errorf("to %q\n%s answers %q\n%s answers %q", request, from, first, s.name, answer)
			}
		}
	})
}

var acceptable = regexp.MustCompile(`^[ \t]*(?i:bearer) +` + regexp.QuoteMeta(good) + `[ \t]*$`)

const (
	head     = "Cache-Control: no-store\nContent-Type: application/json\nWWW-Authenticate: "
	accepted = "200\nContent-Type: text/plain\n\nc1"
)

// answers are all that an adapter can say to these requests.
var answers = []string{
	accepted,
	"401\n" + head + "Bearer\n\n" + `{"error":"missing_token"}`,
	"401\n" + head + "Bearer error=\"invalid_token\"\n\n" + `{"error":"invalid_token"}`,
	"400\n" + head + "Bearer error=\"invalid_request\"\n\n" + `{"error":"invalid_request"}`,
}

// fields turns an input into header lines.
func fields(value string) string {
	var b strings.Builder
	for i, line := range strings.Split(value, "\n") {
		if i == 0 || line == "" || line[0] != ' ' && line[0] != '\t' {
			b.WriteString("Authorization: ")
		}
		b.WriteString(line + "\r\n")
	}
	return b.String()
}
