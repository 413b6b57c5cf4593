// Package examples_test builds the example programs and runs them as a user does: as processes,
// configured by their environment, stopped by a signal.
package examples_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/mfpguard/mfpguard/adapters/fiberguard" // so that go test runs again when the library changes
	_ "github.com/mfpguard/mfpguard/adapters/ginguard"
	_ "github.com/mfpguard/mfpguard/adapters/httpguard"
)

var services = []string{"nethttp", "gin", "fiber"}

// patience is how long to wait for what should happen at once.
const patience = 20 * time.Second

var (
	buildFlags = []string{"build"}
	binaries   string // the directory of the built programs
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mfpguard-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build builds the programs that the tests start. A test calls it, not TestMain, because only then
// go test notes which files were read, and runs again when they change.
var build = sync.OnceValue(func() error {
	sources, err := filepath.Glob("*/*.go")
	if err != nil {
		return err
	}
	for _, f := range sources {
		if _, err := os.ReadFile(f); err != nil {
			return err
		}
	}
	args := append(slices.Clone(buildFlags), "-o", binaries+string(filepath.Separator), "./nethttp", "./gin", "./fiber", "./devserver", "./job")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
})

// command is one of the programs with nothing in its environment but env.
func command(t *testing.T, program string, env ...string) *exec.Cmd {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(binaries, program))
	cmd.Env = append([]string{"LISTEN_ADDR=127.0.0.1:0"}, env...)
	return cmd
}

// process is a program that runs.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string // where it listens
	done chan struct{}
	err  error // how it ended, once done is closed

	mu     sync.Mutex
	output strings.Builder
}

// start runs a command until the test ends, and waits until it has said that it listens.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	p := &process{t: t, cmd: cmd, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening := make(chan string, 1)
	go p.read(r, listening)
	go func() {
		p.err = cmd.Wait()
		w.Close()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(cmd.Path), p.printed())
		}
	})
	select {
	case addr := <-listening:
		p.url = "http://" + addr
	case <-p.done:
		t.Fatalf("it ended: %v", p.err)
	case <-time.After(patience):
		t.Fatal("it does not say that it listens")
	}
	return p
}

var listens = regexp.MustCompile(`msg=listening addr=(\S+)`)

func (p *process) read(r io.Reader, listening chan<- string) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		p.mu.Lock()
		p.output.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
		if m := listens.FindStringSubmatch(lines.Text()); m != nil {
			listening <- m[1]
		}
	}
}

// printed is all that the process has written so far.
func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

func (p *process) terminate() {
	client.CloseIdleConnections() // a server waits some seconds for a connection on which nothing has come yet
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Errorf("SIGTERM: %v", err)
	}
}

// wait returns how the process ended.
func (p *process) wait() error {
	select {
	case <-p.done:
		return p.err
	case <-time.After(patience):
		return fmt.Errorf("it still runs after %v", patience)
	}
}

// stop ends the process if it runs.
func (p *process) stop() {
	select {
	case <-p.done:
	default:
		p.cmd.Process.Kill()
		<-p.done
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

var client = &http.Client{Timeout: patience}

// do sends a request: method and path, and header fields as name and value in turn.
func (p *process) do(request string, header ...string) (answer, error) {
	method, path, _ := strings.Cut(request, " ")
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, nil)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

func (p *process) mustDo(request string, header ...string) answer {
	p.t.Helper()
	a, err := p.do(request, header...)
	if err != nil {
		p.t.Fatalf("%s: %v", request, err)
	}
	return a
}

// until repeats a request until it is answered with status.
func (p *process) until(status int, request string, header ...string) {
	p.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	limit := time.After(patience)
	for {
		a := p.mustDo(request, header...)
		if a.status == status {
			return
		}
		select {
		case <-again.C:
		case <-limit:
			p.t.Fatalf("%s: still %d %s, want %d", request, a.status, a.body, status)
		}
	}
}
