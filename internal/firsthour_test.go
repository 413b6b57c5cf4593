package internal_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// LG-01: the program of the README, with a wrong secret, answers 503 and says on the terminal why.
func TestTheFirstProgramSaysWhatIsWrong(t *testing.T) {
	as := coretest.NewServer()
	defer as.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close() // the program listens there now
	var stderr terminal
	cmd := exec.CommandContext(t.Context(), build(t, addr))
	cmd.Env = append(os.Environ(), "MFPGUARD_SERVER="+as.BaseURL(), "MFPGUARD_CLIENT_ID=test", "MFPGUARD_CLIENT_SECRET=mistyped")
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/balance", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+as.Mint(coretest.Grant{Scope: "accessRestricted"}))
	res, err := http.DefaultClient.Do(req)
	for begun := time.Now(); err != nil && time.Since(begun) < 20*time.Second; { // until it listens
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
		}
		res, err = http.DefaultClient.Do(req)
	}
	if err != nil {
		t.Fatalf("%v; the program says %s", err, stderr.String())
	}
	res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("it answers %d, want 503", res.StatusCode)
	}
	if got := stderr.String(); !strings.Contains(got, "ERROR") || !strings.Contains(got, "the client id or secret is wrong") || strings.Contains(got, "mistyped") {
		t.Errorf("the terminal shows %q", got)
	}
}

// build compiles the first program of the README, made to listen on addr.
func build(t *testing.T, addr string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	source := program.FindSubmatch(read(t, filepath.Join(root, "README.md")))[1]
	main := filepath.Join(t.TempDir(), "main.go")
	write(t, main, bytes.ReplaceAll(source, []byte("127.0.0.1:8080"), []byte(addr)))
	binary := filepath.Join(t.TempDir(), "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, main)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("go build: %w\n%s", err, out))
	}
	return binary
}

// terminal collects what a program prints.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *terminal) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
