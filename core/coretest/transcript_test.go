package coretest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// SV-01: each row of the tables of the protocols, as bytes on the wire. A file of testdata has a
// request, a line of "====" and the answer. Lines in front of them that begin with "#" are
// comments, but for "# given: name", which is a function of the test. <name> in a request is a
// value of the test; in an answer it is a pattern.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".txt"), func(t *testing.T) {
			replay(t, file)
		})
	}
}

func replay(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	srv := coretest.NewServer()
	defer srv.Close()
	dialect := map[string]coretest.Dialect{
		"mobilefirst8": coretest.MobileFirst8, "mobilefirst7": coretest.MobileFirst7,
		"curity": coretest.Curity, "rfc7662": coretest.RFC7662,
	}[filepath.Base(filepath.Dir(file))]
	srv.Only(dialect)
	setClients(srv)
	rest := string(text)
	for strings.HasPrefix(rest, "#") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if name, ok := strings.CutPrefix(line, "# given: "); ok {
			f, known := given[name]
			if !known {
				t.Fatalf("no function for %q", line)
			}
			f(srv)
		}
	}
	request, want, ok := strings.Cut(rest, "\n====\n")
	if !ok {
		t.Fatal(`no line of "===="`)
	}
	got := exchange(t, srv, fill(t, request, placeholders(srv, dialect)))
	if !pattern(srv, strings.TrimSuffix(want, "\n")).MatchString(got) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// fill puts values into a request, and makes its lines end as on the wire.
func fill(t *testing.T, request string, values map[string]func() string) string {
	t.Helper()
	head, body, _ := strings.Cut(request, "\n\n")
	for name, value := range values {
		if name = "<" + name + ">"; strings.Contains(request, name) {
			v := value()
			head, body = strings.ReplaceAll(head, name, v), strings.ReplaceAll(body, name, v)
		}
	}
	head = strings.ReplaceAll(head, "<length>", fmt.Sprint(len(body)))
	if unknown := regexp.MustCompile(`<[a-z ]+>`).FindString(head + body); unknown != "" {
		t.Fatalf("the request has %s, which no value is for", unknown)
	}
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

// exchange sends a raw request. The answer has no Date, and lines that end in "\n".
func exchange(t *testing.T, srv *coretest.Server, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", host(srv))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &raw)), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	head = regexp.MustCompile("\r\nDate: [^\r]*").ReplaceAllString(head, "")
	return strings.ReplaceAll(head, "\r\n", "\n") + "\n\n" + strings.TrimSuffix(string(body), "\n")
}

// patterns are what <name> stands for in an answer.
var patterns = map[string]string{
	"length":       `[0-9]+`,
	"small":        `[0-9]{1,4}`,
	"seconds":      `[0-9]{10}`,
	"milliseconds": `[0-9]{13}`,
	"uuid":         `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
	"opaque":       `[A-Za-z0-9_-]{43}`,
	"text":         `[A-Za-z0-9_-]+`,
	"jwt":          `eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`,
	"page":         `(?s:<!DOCTYPE html>.*)`,
}

// pattern matches an answer.
func pattern(srv *coretest.Server, want string) *regexp.Regexp {
	p := regexp.QuoteMeta(want)
	for name, x := range patterns {
		p = strings.ReplaceAll(p, "<"+name+">", x)
	}
	return regexp.MustCompile("^" + strings.ReplaceAll(p, "<host>", regexp.QuoteMeta(host(srv))) + "$")
}

func host(srv *coretest.Server) string {
	return strings.TrimPrefix(strings.TrimPrefix(srv.URL, "http://"), "https://")
}
