package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// CN-01: an HTTP/2 connection that went silent is noticed, and good answers come again within 10 s.
func TestADeadHTTP2Connection(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"introspection", "the token endpoint", "Source.Transport"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p, w := pooled(t, name, true, 5*time.Second)
			p.doom(swallows)
			recovers(t, w, 9*time.Second)
		})
	}
}

// CN-02: pooled HTTP/1.1 connections that went silent do not fail one after the other. One costs a time-out, and the others
// are closed with it.
func TestDeadIdleConnections(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second
	for _, name := range []string{"introspection", "the token endpoint", "Source.Transport"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p, w := pooled(t, name, false, timeout)
			p.doom(swallows)
			recovers(t, w, 4*timeout)
		})
	}
}

// recovers makes calls, one after the other, until one is answered.
func recovers(t *testing.T, w way, most time.Duration) {
	t.Helper()
	begun := time.Now()
	for n := 1000; ; n++ {
		err := w.ask(t.Context(), n)
		if err == nil {
			break
		}
		if errors.Is(err, errWrong) || time.Since(begun) > most {
			t.Fatalf("after %v: %v", time.Since(begun), err)
		}
	}
	if took := time.Since(begun); took > most {
		t.Errorf("good answers came again after %v, want %v", took, most)
	}
}

const idle = 64

// pooled is one way to a server with 64 idle connections through a proxy, or the one of HTTP/2.
func pooled(t *testing.T, name string, http2 bool, timeout time.Duration) (*server, *proxy, way) {
	t.Helper()
	s := newServer(t, http2, crowd(idle))
	p := newProxy(t, s.addr())
	for _, w := range ways(t, s, p.ln.Addr().String(), timeout) {
		if w.name != name {
			continue
		}
		if n := atOnce(t, w, 0, idle); n != 0 {
			t.Fatalf("%d of %d calls failed on sound connections", n, idle)
		}
		if n := p.made.Load(); !http2 && n != idle {
			t.Fatalf("%d connections for %d calls at once", n, idle)
		}
		return s, p, w
	}
	t.Fatalf("no way is called %s", name)
	return nil, nil, way{}
}

// CN-03: connections that are reset when they are used cost nobody an answer.
func TestStaleConnections(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		for _, name := range []string{"introspection", "the token endpoint", "Source.Transport"} {
			if http2 && name == "Source.Transport" {
				continue // net/http does not repeat what it sent on an HTTP/2 connection, and what the API did is not ours to guess
			}
			t.Run(fmt.Sprintf("%s, http2 %v", name, http2), func(t *testing.T) {
				t.Parallel()
				s, p, w := pooled(t, name, http2, 5*time.Second)
				before := s.calls.Load()
				p.doom(resets)
				if n := atOnce(t, w, 1000, 1000+idle); n != 0 {
					t.Errorf("%d of %d calls failed", n, idle)
				}
				if n := s.calls.Load() - before; n != idle {
					t.Errorf("the server got %d requests for %d calls", n, idle)
				}
			})
		}
	}
}

// CN-03, the other side: a POST of the program's is sent once, whatever became of it.
func TestTransportDoesNotRepeatAPost(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, nil)
	p := newProxy(t, s.addr())
	base, err := tokensource.NewTransport(s.ca(t))
	if err != nil {
		t.Fatal(err)
	}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: tokensource.Static("t").Transport(base)}
	addr := p.ln.Addr().String()
	if err := call(t.Context(), client, http.MethodPost, addr, 0); err != nil {
		t.Fatal(err)
	}
	p.doom(resets)
	if err := call(t.Context(), client, http.MethodPost, addr, 1); err == nil || s.calls.Load() != 1 {
		t.Errorf("a POST on a dead connection: %v, the server got %d requests, want an error and 1", err, s.calls.Load())
	}
	if err := call(t.Context(), client, http.MethodPost, addr, 2); err != nil {
		t.Errorf("the next POST: %v", err)
	}
}

// AV-14: pings do not end a connection whose server is slow.
func TestASlowAnswerOverHTTP2(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := newServer(t, true, func(_ http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		timer := time.NewTimer(4500 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	})
	all := ways(t, s, s.addr(), 8*time.Second)
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			if err := w.ask(ctx, 2); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		if n := calls.Load(); n != int32(len(all)) {
			t.Errorf("%d requests for %d calls", n, len(all))
		}
	})
}
