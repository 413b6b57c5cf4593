package jose_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// server is a transport: the server of the key document. Its fields may be changed at any time.
type server struct {
	mu       sync.Mutex
	document string
	header   []string
	err      error // instead of an answer
	status   int   // 0 means 200
	hang     bool  // until the request's context ends
	delay    time.Duration

	calls int
	log   bytes.Buffer // of its Keeper
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.calls++
	document, header, status, err, hang, delay := s.document, s.header, s.status, s.err, s.hang, s.delay
	s.mu.Unlock()
	if hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	time.Sleep(delay)
	if status == 0 {
		status = 200
	}
	return answer(status, document, header...), err
}

// set changes the server.
func (s *server) set(change func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// Write makes a server a log.
func (s *server) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(line)
}

// lines are the levels of what was logged.
func (s *server) lines() (levels []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.log.String()) {
		_, level, _ := strings.Cut(line, "level=")
		level, _, _ = strings.Cut(level, " ")
		levels = append(levels, level)
	}
	return levels
}

func (s *server) wantCalls(t testing.TB, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls != want {
		t.Errorf("%d fetches, want %d", s.calls, want)
	}
}

// keeper is a Keeper of the server's keys.
func (s *server) keeper() *jose.Keeper {
	return jose.NewKeeper(jose.Options{URL: keysURL, Transport: s, Timeout: 3 * time.Second, Log: slog.New(slog.NewTextHandler(s, nil))})
}

// edServer is a server with edKey under the name "k".
func edServer() *server { return &server{document: set(jwk(edKey(), member{"kid": "k"}))} }

// wantVerify compares the error of k for the token.
func wantVerify(t testing.TB, k *jose.Keeper, token string, want error) {
	t.Helper()
	if _, err := k.Verify(context.Background(), token, jose.Algorithms); !errors.Is(err, want) {
		t.Errorf("Verify: %v, want %v", err, want)
	}
}
