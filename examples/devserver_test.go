package examples_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDevserverLinesWork does what the devserver prints: it exports the variables, runs a service, and sends what the curl
// lines send. The comment above a curl line ends in the status to expect.
func TestDevserverLinesWork(t *testing.T) {
	forEachService(t, func(t *testing.T, service string) {
		cmd := command(t, "devserver")
		cmd.Args = append(cmd.Args, "-addr", "127.0.0.1:0")
		dev := start(t, cmd)
		exports, curls := parseLines(dev.printed())
		if len(exports) != 7 || len(curls) != 10 {
			t.Fatalf("%d exports and %d curl lines, want 7 and 10", len(exports), len(curls))
		}
		var env []string
		for name, value := range exports {
			env = append(env, name+"="+value)
		}
		p := start(t, command(t, service, env...))
		for _, c := range curls {
			line := strings.ReplaceAll(c.line, "http://127.0.0.1:8080", p.url)
			req := parseCurl(t, os.Expand(line, func(name string) string { return exports[name] }))
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body) // so that the connection is used again
			res.Body.Close()
			if res.StatusCode != c.status {
				t.Errorf("%s: %d, want %d", c.line, res.StatusCode, c.status)
			}
		}
		for _, q := range []*process{dev, p} {
			q.terminate()
			if err := q.wait(); err != nil {
				t.Errorf("exit: %v", err)
			}
		}
	})
}

type curl struct {
	line   string
	status int
}

var claim = regexp.MustCompile(`^# .*: (\d+)$`)

// parseLines finds the lines to copy.
func parseLines(text string) (exports map[string]string, curls []curl) {
	exports = make(map[string]string)
	status := 0
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if assignment, ok := strings.CutPrefix(line, "export "); ok {
			name, value, _ := strings.Cut(assignment, "=")
			exports[name] = value
		}
		if m := claim.FindStringSubmatch(line); m != nil {
			status, _ = strconv.Atoi(m[1])
		}
		if strings.HasPrefix(line, "curl ") {
			curls = append(curls, curl{line, status})
		}
	}
	return exports, curls
}

// parseCurl is the request that a curl line sends.
func parseCurl(t *testing.T, line string) *http.Request {
	t.Helper()
	method, url, body := "GET", "", []string(nil)
	header := http.Header{}
	words := shellWords(line)[1:]
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "-i" {
			continue
		}
		if !strings.HasPrefix(word, "-") {
			url = word
			continue
		}
		i++
		switch word {
		case "-X":
			method = words[i]
		case "-d":
			method, body = "POST", append(body, words[i])
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		case "-H":
			name, value, _ := strings.Cut(words[i], ": ")
			header.Set(name, value)
		case "-u":
			id, secret, _ := strings.Cut(words[i], ":")
			r := http.Request{Header: header}
			r.SetBasicAuth(id, secret)
		default:
			t.Fatalf("%s: the test does not know the flag %s", line, word)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(strings.Join(body, "&")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	return req
}

// shellWords splits at blanks that are not in double quotes.
func shellWords(line string) []string {
	quoted := false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], `"`, "")
	}
	return words
}
