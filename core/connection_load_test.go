package core_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// CN-06: what servers and the network do to connections under load costs at most one answer in a thousand, and makes none wrong.
func TestConnectionsUnderLoad(t *testing.T) {
	t.Parallel()
	for _, trouble := range []struct {
		name  string
		every int32 // so many requests
		hit   func(e *endpoints, w http.ResponseWriter)
	}{
		{"a graceful restart, the listener handed over", 200, (*endpoints).restart},
		{"a reset of all connections", 250, func(e *endpoints, _ http.ResponseWriter) { e.proxy.each((*link).reset) }},
		{"an answer that ends in its middle", 150, (*endpoints).cutShort},
	} {
		for _, http2 := range []bool{false, true} {
			for i, name := range []string{"introspection", "the token endpoint"} {
				t.Run(fmt.Sprintf("%s, %s, http2 %v", trouble.name, name, http2), func(t *testing.T) {
					e := newEndpoints(t, http2)
					e.every, e.hit = trouble.every, trouble.hit
					w := ways(t, e.server, e.proxy.ln.Addr().String(), 5*time.Second)[i]
					failed, wrong, calls := load(t, w, 8, 1000)
					if wrong > 0 || failed > calls/1000 {
						t.Errorf("%d of %d calls failed, %d got a wrong answer", failed, calls, wrong)
					}
				})
			}
		}
	}
}

// load makes calls from several goroutines.
func load(t *testing.T, w way, workers, calls int) (failed, wrong, made int) {
	t.Helper()
	var bad, worse, next atomic.Int32
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for n := int(next.Add(1)); n <= calls; n = int(next.Add(1)) {
				err := w.ask(t.Context(), n)
				switch {
				case errors.Is(err, errWrong):
					worse.Add(1)
				case err != nil:
					bad.Add(1)
					t.Logf("call %d: %v", n, err)
				}
			}
		})
	}
	all.Wait()
	return int(bad.Load()), int(worse.Load()), calls
}

// endpoints are servers that take turns at one listener, behind a proxy.
type endpoints struct {
	*server
	proxy *proxy
	every int32
	hit   func(*endpoints, http.ResponseWriter) // before an answer, every so many requests

	ln      net.Listener
	mu      sync.Mutex
	current *turn
	served  sync.WaitGroup
}

// turn is one server's share of the connections of a listener.
type turn struct {
	http  *http.Server
	conns chan net.Conn
	over  chan struct{}
	once  sync.Once
	addr  net.Addr
}

func (t *turn) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.over:
		return nil, net.ErrClosed
	}
}

func (t *turn) Close() error {
	t.once.Do(func() { close(t.over) })
	return nil
}

func (t *turn) Addr() net.Addr { return t.addr }

func newEndpoints(t *testing.T, http2 bool) *endpoints {
	t.Helper()
	e := &endpoints{}
	e.server = newServer(t, http2, e.trouble) // for its certificate and its handler
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e.ln = ln
	e.next()
	e.served.Go(e.accept)
	e.proxy = newProxy(t, ln.Addr().String())
	t.Cleanup(func() {
		_ = ln.Close()
		e.mu.Lock()
		_ = e.current.http.Close()
		e.mu.Unlock()
		e.served.Wait()
	})
	return e
}

// accept gives each connection to the server whose turn it is.
func (e *endpoints) accept() {
	for {
		c, err := e.ln.Accept()
		if err != nil {
			return
		}
		e.mu.Lock()
		e.current.conns <- c
		e.mu.Unlock()
	}
}

// next makes it another server's turn, and returns the one before.
func (e *endpoints) next() *turn {
	protocols := []string{"http/1.1"}
	if e.EnableHTTP2 {
		protocols = []string{"h2", "http/1.1"}
	}
	now := &turn{conns: make(chan net.Conn, 64), over: make(chan struct{}), addr: e.ln.Addr()}
	now.http = &http.Server{
		Handler: e.server, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{Certificates: e.TLS.Certificates, NextProtos: protocols},
	}
	e.served.Go(func() { _ = now.http.ServeTLS(now, "", "") })
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.current
	e.current = now
	return before
}

// restart lets a new server have all new connections, and the old one finish what it has begun.
func (e *endpoints) restart(http.ResponseWriter) {
	old := e.next()
	e.served.Go(func() { // it waits for the answer that this is the middle of
		for len(old.conns) > 0 { // what was accepted for it is served by it
			runtime.Gosched()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = old.http.Shutdown(ctx)
	})
}

// trouble does what is to be done now and then.
func (e *endpoints) trouble(w http.ResponseWriter, _ *http.Request) {
	if e.calls.Load()%e.every == 0 {
		e.hit(e, w)
	}
}

// cutShort begins a good answer and ends its connection, or its stream, in the middle.
func (e *endpoints) cutShort(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"active":true,"client_id":"good`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
