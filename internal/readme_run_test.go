package internal_test

import (
	"bytes"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/mfpguard/mfpguard/adapters/fiberguard" // so that go test runs again when they change
	_ "github.com/mfpguard/mfpguard/adapters/ginguard"
	_ "github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// TestTheTerminalSaysThatTheSecretIsWrong runs the first programs of the pages.
//
// LG-01: a program as the README has it, with a wrong secret: the terminal says so.
func TestTheTerminalSaysThatTheSecretIsWrong(t *testing.T) {
	addr := freeAddr(t)
	dir := extract(t, func(p []byte) []byte { return bytes.ReplaceAll(p, []byte("127.0.0.1:8080"), []byte(addr)) })
	srv := coretest.NewServer()
	defer srv.Close()
	token := srv.Mint(coretest.Grant{Scope: "accessRestricted"})
	for _, name := range []string{"README-1", "examples-README-1", "examples-README-2"} { // net/http, Gin, Fiber
		binary := filepath.Join(dir, name, "program")
		cmd := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-o", binary, "./"+name)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		for secret, want := range map[string]struct {
			status int
			line   string
		}{
			"test":  {200, ""},
			"wrong": {503, "the client id or secret is wrong"},
		} {
			p := exec.CommandContext(t.Context(), binary)
			p.Env = []string{"MFPGUARD_SERVER=" + srv.BaseURL(), "MFPGUARD_CLIENT_ID=test", "MFPGUARD_CLIENT_SECRET=" + secret}
			var terminal terminal
			p.Stdout, p.Stderr = &terminal, &terminal
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			status := ask(t, "http://"+addr+"/balance", token)
			p.Process.Kill()
			p.Wait()
			if status != want.status || !strings.Contains(terminal.String(), want.line) {
				t.Errorf("%s, secret %q: %d, and the terminal has\n%s\nwant %d and %q", name, secret, status, terminal.String(), want.status, want.line)
			}
			if strings.Contains(terminal.String(), token) {
				t.Errorf("%s, secret %q: the terminal has the token", name, secret)
			}
		}
	}
}

// freeAddr returns an address that was free a moment ago.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// ask returns the status of a request, as soon as the program listens.
func ask(t *testing.T, url, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	limit := time.After(20 * time.Second)
	for {
		if res, err := client.Do(req); err == nil {
			res.Body.Close()
			return res.StatusCode
		}
		select {
		case <-again.C:
		case <-limit:
			t.Fatal("the program does not listen")
		}
	}
}

// terminal is what a program has printed.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// String returns all of it.
func (t *terminal) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
