package examples_test

import (
	"errors"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// waitForProbe waits until the service has asked whether the server is ready.
func waitForProbe(t *testing.T, srv *coretest.Server) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	limit := time.After(patience)
	for {
		for _, r := range srv.Requests(coretest.Introspection) {
			if strings.Contains(r.Form.Get("token"), "probe") {
				return
			}
		}
		select {
		case <-again.C:
		case <-limit:
			t.Fatal("the service does not probe the server")
		}
	}
}

func TestSIGTERMLetsARequestFinish(t *testing.T) {
	forEachService(t, func(t *testing.T, service string) {
		srv := newServer(t)
		srv.SetAnswer(alice, aliceFacts)
		p := start(t, command(t, service, config(srv)...))
		waitForProbe(t, srv)

		asked, release := make(chan struct{}), make(chan struct{})
		letGo := sync.OnceFunc(func() { close(release) })
		t.Cleanup(letGo)
		srv.Inject(coretest.Introspection, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			close(asked)
			<-release
			next.ServeHTTP(w, r)
		})
		type result struct {
			answer
			err error
		}
		answered := make(chan result, 1)
		go func() {
			a, err := p.do("GET /balance", bearer(alice)...)
			answered <- result{a, err}
		}()
		select {
		case <-asked:
		case got := <-answered:
			t.Fatalf("the request came to an end before it reached the server: %d %s, %v", got.status, got.body, got.err)
		}
		p.terminate()
		untilRefused(t, p.url)
		letGo()
		if got := <-answered; got.err != nil || got.status != 200 || got.body != "17364.9" {
			t.Errorf("the request in flight: %d %s, %v, want 200 17364.9", got.status, got.body, got.err)
		}
		if err := p.wait(); err != nil {
			t.Errorf("exit: %v, want none", err)
		}
	})
}

// untilRefused waits until connections are refused.
func untilRefused(t *testing.T, url string) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	limit := time.After(patience)
	for {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		c.Close()
		select {
		case <-again.C:
		case <-limit:
			t.Fatal("it still accepts connections after SIGTERM")
		}
	}
}

func TestOutagesNeedNoRestart(t *testing.T) {
	forEachService(t, func(t *testing.T, service string) {
		srv := newServer(t)
		srv.SetAnswer(alice, aliceFacts)
		srv.SetAnswer(boss, bossFacts)
		srv.Down()
		p := start(t, command(t, service, config(srv)...))

		checkUnavailable(t, "before the server's first sign of life", p.mustDo("GET /balance", bearer(alice)...))
		if got := p.mustDo("GET /public"); got.status != 200 {
			t.Errorf("the open route: %d, want 200", got.status)
		}
		srv.Up()
		p.until(200, "GET /balance", bearer(alice)...)

		srv.Down()
		if got := p.mustDo("GET /balance", bearer(alice)...); got.status != 200 {
			t.Errorf("a remembered token during the outage: %d, want 200", got.status)
		}
		checkUnavailable(t, "a new token during the outage", p.mustDo("GET /balance", bearer(boss)...))
		srv.Up()
		p.until(200, "GET /balance", bearer(boss)...)

		p.terminate()
		if err := p.wait(); err != nil {
			t.Errorf("exit: %v, want none", err)
		}
		for _, want := range []string{`msg="token fetch failed"`, `msg="tokens cannot be checked yet"`, "connection refused"} {
			if !strings.Contains(p.printed(), want) {
				t.Errorf("the log does not have %s", want)
			}
		}
		checkSecrecy(t, p)
	})
}

func checkUnavailable(t *testing.T, when string, got answer) {
	t.Helper()
	if got.status != 503 || got.header.Get("Retry-After") == "" || got.header.Get("WWW-Authenticate") != "" {
		t.Errorf("%s: %d %v, want 503 with Retry-After and no challenge", when, got.status, got.header)
	}
	if got.body != `{"error":"temporarily_unavailable"}` {
		t.Errorf("%s: body %s", when, got.body)
	}
}

func TestMistakesInTheEnvironment(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	good := []string{"MFPGUARD_SERVER=https://mfp.invalid/mfp/api", "MFPGUARD_CLIENT_ID=a", "MFPGUARD_CLIENT_SECRET=b"}
	with := func(more ...string) []string { return append(good[:3:3], more...) }
	for _, c := range []struct {
		name string
		env  []string
		want string // the variable that is to blame
	}{
		{"nothing is set", nil, "MFPGUARD_SERVER"},
		{"no server", good[1:], "MFPGUARD_SERVER"},
		{"no secret", good[:2], "MFPGUARD_CLIENT_SECRET"},
		{"a server with too much path", with("MFPGUARD_SERVER=https://mfp.invalid/mfp/api/az/v1"), "MFPGUARD_SERVER"},
		{"http:// off loopback", with("MFPGUARD_SERVER=http://mfp.invalid/mfp/api"), "MFPGUARD_SERVER"},
		{"an id with a colon", with("MFPGUARD_CLIENT_ID=a:b"), "MFPGUARD_CLIENT_ID"},
		{"no such profile", with("MFPGUARD_PROFILE=oauth3"), "MFPGUARD_PROFILE"},
		{"no duration", with("MFPGUARD_CACHE_TTL=5"), "MFPGUARD_CACHE_TTL"},
		{"a negative duration", with("MFPGUARD_NEGATIVE_TTL=-5s"), "MFPGUARD_NEGATIVE_TTL"},
		{"no audience", with("MFPGUARD_PROFILE=rfc7662"), "MFPGUARD_AUDIENCE"},
		{"an address without a port", with("LISTEN_ADDR=localhost"), "LISTEN_ADDR"},
		{"an address in use", with("LISTEN_ADDR=" + busy.Addr().String()), "LISTEN_ADDR"},
		{"an origin with a path", with("CORS_ORIGIN=https://app.example.com/"), "CORS_ORIGIN"},
		{"an origin without a scheme", with("CORS_ORIGIN=app.example.com"), "CORS_ORIGIN"},
		{"any origin", with("CORS_ORIGIN=*"), "CORS_ORIGIN"},
	} {
		for _, service := range services {
			var stdout, stderr strings.Builder
			cmd := command(t, service, c.env...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 2 {
				t.Errorf("%s: %s: %v, want exit code 2", service, c.name, err)
			}
			line, rest, _ := strings.Cut(stderr.String(), "\n")
			if !strings.Contains(line, c.want) || rest != "" && c.env != nil || stdout.String() != "" {
				t.Errorf("%s: %s: it prints %q and %q, want one line on stderr about %s", service, c.name, stderr.String(), stdout.String(), c.want)
			}
		}
	}
}
