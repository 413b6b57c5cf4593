package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A health is a kind of trouble of an authorization server.
type health int32

const (
	healthy health = iota
	slow           // half a second slower
	flaky          // three of ten introspections get 500
	hung           // no answer
	limited        // 429
)

// More kinds of tokens in the outage.
const (
	revokedToken = "r"
	lackingToken = "l" // active, without the scope that the route asks for
)

var lackingAnswer = strings.Replace(activeAnswer, "RegisteredClient accessRestricted pay", "RegisteredClient", 1)

// A frailServer is an authorization server on a socket. It can be told to fail, to go away, and to
// come back at the same address. After a restart it does not know our token any more.
type frailServer struct {
	address string
	health  atomic.Int32
	starts  atomic.Int64 // our token is valid until the next one
	calls   atomic.Int64

	mu     sync.Mutex
	server *http.Server // nil while it is away
}

func newFrailServer() (*frailServer, error) {
	f := &frailServer{}
	for range 100 {
		// A port below those of outgoing connections: otherwise one of these could take it while the
		// server is away.
		f.address = fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		if f.up() == nil {
			return f, nil
		}
	}
	return nil, errors.New("no port is free for the authorization server")
}

// up makes the server listen.
func (f *frailServer) up() error {
	l, err := net.Listen("tcp", f.address)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	server := &http.Server{Handler: f}
	f.server = server
	go func() { _ = server.Serve(l) }()
	return nil
}

// down closes the listener and all connections.
func (f *frailServer) down() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.server != nil {
		_ = f.server.Close()
		f.server = nil
	}
}

// suffer sets the trouble of all calls from now on.
func (f *frailServer) suffer(h health) { f.health.Store(int32(h)) }

const (
	usualLatency = 5 * time.Millisecond
	extraLatency = 500 * time.Millisecond
)

// ServeHTTP implements [http.Handler].
func (f *frailServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.calls.Add(1)
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h, latency := health(f.health.Load()), usualLatency
	aboutUs := strings.HasSuffix(r.URL.Path, "/token")
	switch {
	case h == hung:
		<-r.Context().Done() // until the client gives up
		return
	case h == slow:
		latency += extraLatency
	}
	if linger(r.Context(), latency) != nil {
		return
	}
	own := "own" + strconv.FormatInt(f.starts.Load(), 10)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case h == limited:
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
	case aboutUs:
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3599,"scope":"authorization.introspect"}`, own)
	case h == flaky && rand.IntN(10) < 3:
		w.WriteHeader(http.StatusInternalServerError)
	case r.Header.Get("Authorization") != "Bearer "+own:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		_, _ = io.WriteString(w, verdictOn(string(form)))
	}
}

// verdictOn returns the answer to a form.
func verdictOn(form string) string {
	switch strings.TrimPrefix(form, "token=")[:1] {
	case goodToken, newToken:
		return activeAnswer
	case lackingToken:
		return lackingAnswer
	}
	return inactiveAnswer
}
