package core_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// proxy forwards TCP connections to a target until told to do something else with those that it has.
type proxy struct {
	ln     net.Listener
	target atomic.Value // string
	mu     sync.Mutex
	links  []*link
	made   atomic.Int32 // connections so far
}

// link is a connection through a proxy.
type link struct {
	client, server net.Conn
	fate           atomic.Int32
}

const (
	forwards int32 = iota
	swallows       // whatever is sent, in both directions
	resets         // when the client sends something
)

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln}
	p.target.Store(target)
	go p.serve()
	t.Cleanup(func() {
		_ = ln.Close()
		p.each(func(l *link) { _ = l.client.Close(); _ = l.server.Close() })
	})
	return p
}

func (p *proxy) serve() {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target.Load().(string))
		if err != nil {
			_ = client.Close()
			continue
		}
		p.made.Add(1)
		l := &link{client: client, server: server}
		p.mu.Lock()
		p.links = append(p.links, l)
		p.mu.Unlock()
		go l.pump(server, client, true)
		go l.pump(client, server, false)
	}
}

// pump forwards in one direction.
func (l *link) pump(to, from net.Conn, up bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		switch fate := l.fate.Load(); {
		case fate == swallows:
		case fate == resets && up && n > 0:
			l.reset()
			return
		case fate == forwards && n > 0:
			if _, err := to.Write(buf[:n]); err != nil {
				l.close()
				return
			}
		}
		if err != nil {
			if l.fate.Load() != swallows {
				l.close()
			}
			return
		}
	}
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// reset ends the connection with RST.
func (l *link) reset() {
	_ = l.client.(*net.TCPConn).SetLinger(0)
	l.close()
}

func (p *proxy) each(f func(*link)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		f(l)
	}
	p.links = nil
}

// doom gives all connections so far a fate; new ones are forwarded.
func (p *proxy) doom(fate int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		l.fate.Store(fate)
	}
}

// server is an introspection endpoint, a token endpoint and an API behind TLS. Before runs before each answer.
type server struct {
	*httptest.Server
	before func(w http.ResponseWriter, r *http.Request)
	calls  atomic.Int32
}

func newServer(t *testing.T, http2 bool, before func(http.ResponseWriter, *http.Request)) *server {
	t.Helper()
	s := &server{before: before}
	s.Server = httptest.NewUnstartedServer(s)
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) addr() string { return s.Listener.Addr().String() }

// ServeHTTP lets tokens in whose name begins with good, grants any scope, and answers the API with the path.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.calls.Add(1)
	if s.before != nil {
		s.before(w, r)
	}
	form := parse(string(body))
	var answer any = map[string]any{"path": r.URL.Path}
	switch r.URL.Path {
	case "/introspect":
		answer = map[string]any{"active": strings.HasPrefix(form["token"], "good"), "client_id": form["token"], "sub": form["token"]}
	case "/token":
		answer = map[string]any{"access_token": "t-" + form["scope"], "token_type": "Bearer", "expires_in": 3600}
	}
	text, _ := json.Marshal(answer)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	_, _ = w.Write(text)
}

// parse reads a form whose values need no decoding.
func parse(body string) map[string]string {
	form := map[string]string{}
	for pair := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(pair, "=")
		form[name] = value
	}
	return form
}

// ca writes the certificate of s into a file.
func (s *server) ca(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// way is one of our HTTP clients. Ask makes a call that no other answer can serve, and says why there was no answer, or that
// there was a wrong one. Different numbers are different calls.
type way struct {
	name string
	ask  func(ctx context.Context, n int) error
}

var errWrong = fmt.Errorf("the answer is wrong")

// ways are the clients of s as seen at addr.
func ways(t *testing.T, s *server, addr string, timeout time.Duration) []way {
	t.Helper()
	ca := s.ca(t)
	v := verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://" + addr + "/introspect", AnyAudience: true}),
		ClientID: "rs", ClientSecret: "s3cret", CAFile: ca, Timeout: timeout, MaxInFlight: 128, // 96 of them for strangers
		CacheTTL: new(time.Duration), NegativeTTL: new(time.Duration),
	})
	src, err := tokensource.New(tokensource.Config{
		TokenURL: "https://" + addr + "/token", ClientID: "job", ClientSecret: "s3cret", CAFile: ca, Timeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	base, err := tokensource.NewTransport(ca)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(base.CloseIdleConnections)
	api := &http.Client{Transport: tokensource.Static("t").Transport(base), Timeout: timeout}
	return []way{
		{"introspection", func(ctx context.Context, n int) error { return introspect(ctx, v, n) }},
		{"the token endpoint", func(ctx context.Context, n int) error {
			scope := fmt.Sprint("s", n)
			tok, err := src.Scoped(scope).Token(ctx) // the Sources of a client share its connections
			if err == nil && tok.AccessToken != tokensource.Secret("t-"+scope) {
				return errWrong
			}
			return err
		}},
		{"Source.Transport", func(ctx context.Context, n int) error { return call(ctx, api, http.MethodGet, addr, n) }},
	}
}

func introspect(ctx context.Context, v *core.Verifier, n int) error {
	token := fmt.Sprint([]string{"good", "bad"}[n%2], n)
	p, d := authorize(ctx, v, bearer(token), core.Authenticated())
	switch {
	case d != nil && d.Status == http.StatusServiceUnavailable:
		return d.Cause
	case n%2 == 0 && (d != nil || p.ClientID() != token), n%2 == 1 && (d == nil || d.Status != http.StatusUnauthorized):
		return errWrong
	}
	return nil
}

func call(ctx context.Context, client *http.Client, method, addr string, n int) error {
	r, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("https://%s/api/%d", addr, n), strings.NewReader(""))
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && string(body) != fmt.Sprintf(`{"path":"/api/%d"}`, n) {
		return errWrong
	}
	return err
}

// crowd is a handler's pause that lasts until n requests are there at once, so that each has a connection of its own.
func crowd(n int) func(http.ResponseWriter, *http.Request) {
	var arrived atomic.Int32
	full := make(chan struct{})
	return func(_ http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == int32(n) {
			close(full)
		}
		select {
		case <-full:
		case <-r.Context().Done():
		}
	}
}

// atOnce makes the calls from to to at once, and returns how many failed.
func atOnce(t *testing.T, w way, from, to int) (failed int) {
	t.Helper()
	var all sync.WaitGroup
	var n atomic.Int32
	for i := from; i < to; i++ {
		all.Go(func() {
			if err := w.ask(t.Context(), i); err != nil {
				n.Add(1)
				t.Logf("call %d: %v", i, err)
			}
		})
	}
	all.Wait()
	return int(n.Load())
}
