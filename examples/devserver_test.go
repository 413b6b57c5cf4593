package examples_test

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDevserverLinesWork does what the devserver prints: it sources the file, runs a service, and
// sends what the curl lines send. The comment above a curl line ends in the status to expect.
func TestDevserverLinesWork(t *testing.T) {
	forEachService(t, func(t *testing.T, service string) { devserverLinesWork(t, service, "", 7, 10) })
}

// SV-10: the same for the other kinds of server.
func TestDevserverProfiles(t *testing.T) {
	for _, p := range []struct {
		name           string
		exports, curls int
	}{
		{"mobilefirst8", 7, 10}, {"mobilefirst7", 5, 10}, {"curity", 9, 11}, {"rfc7662", 9, 11},
	} {
		t.Run(p.name, func(t *testing.T) { devserverLinesWork(t, "nethttp", p.name, p.exports, p.curls) })
	}
}

func devserverLinesWork(t *testing.T, service, profile string, wantExports, wantCurls int) {
	cmd := command(t, "devserver")
	cmd.Args = append(cmd.Args, "-addr", "127.0.0.1:0")
	if profile != "" {
		cmd.Args = append(cmd.Args, "-profile", profile)
	}
	dev := start(t, cmd)
	exports, curls := parseLines(t, dev.printed())
	if len(exports) != wantExports || len(curls) != wantCurls {
		t.Fatalf("%d exports and %d curl lines, want %d and %d", len(exports), len(curls), wantExports, wantCurls)
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
	if profile == "" {
		checkJob(t, env)
	}
	file := filepath.Clean(sourced.FindStringSubmatch(dev.printed())[1])
	for _, q := range []*process{dev, p} {
		q.terminate()
		if err := q.wait(); err != nil {
			t.Errorf("exit: %v", err)
		}
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file with the tokens is still there: %v", err)
	}
}

var sourced = regexp.MustCompile(`(?m)^ *source (\S+)$`)

// checkJob runs the short job against the devserver, and with a wrong secret.
func checkJob(t *testing.T, env []string) {
	t.Helper()
	out, err := command(t, "job", env...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "accepted") {
		t.Errorf("job: %v, %s", err, out)
	}
	out, err = command(t, "job", append(env, "MFPGUARD_CLIENT_SECRET=wrong")...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "invalid_client") || strings.Contains(string(out), "accepted") {
		t.Errorf("job with a wrong secret: %v, %s", err, out)
	}
}

type curl struct {
	line   string
	status int
}

var claim = regexp.MustCompile(`^# .*: (\d+)$`)

// parseLines finds the lines to copy, and reads the file that one of them sources.
func parseLines(t *testing.T, text string) (exports map[string]string, curls []curl) {
	t.Helper()
	exports = make(map[string]string)
	status := 0
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if file, ok := strings.CutPrefix(line, "source "); ok {
			sourceFile(t, file, exports)
		}
		if m := claim.FindStringSubmatch(line); m != nil {
			status, _ = strconv.Atoi(m[1])
		}
		if strings.HasPrefix(line, "curl ") {
			curls = append(curls, curl{line, status})
		}
		if len(line) > 200 {
			t.Errorf("a line of %d characters: %.60s...", len(line), line)
		}
	}
	return exports, curls
}

// sourceFile reads what a shell would export. Others must not be able to read the file.
func sourceFile(t *testing.T, file string, exports map[string]string) {
	t.Helper()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file to source: %v, %v, want mode 0600", info, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if names, ok := strings.CutPrefix(line, "unset "); ok && len(exports) == 0 {
			if !strings.Contains(names, "MFPGUARD_PROFILE") || !strings.Contains(names, "MFPGUARD_AUDIENCE") {
				t.Errorf("what another profile has set stays: %s", line)
			}
			continue
		}
		assignment, ok := strings.CutPrefix(strings.TrimSpace(line), "export ")
		name, value, _ := strings.Cut(assignment, "=")
		if !ok || name == "" || value == "" {
			t.Errorf("%s has the line %.60q", file, line)
		}
		exports[name] = strings.Trim(value, `"`)
	}
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
