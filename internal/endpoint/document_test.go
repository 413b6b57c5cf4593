package endpoint_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

const documentLimit = 256 << 10

// A document is asked for without credentials, without a form and without cookies.
func TestGet(t *testing.T) {
	var got *http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		if body, _ := io.ReadAll(r.Body); len(body) != 0 {
			t.Errorf("the request has a body: %q", body)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = io.WriteString(w, `{"keys":[]}`)
	}))
	defer srv.Close()
	c := endpoint.New(endpoint.Options{URL: srv.URL + "/keys?a=b", MaxBody: documentLimit})
	for range 2 {
		res, err := c.Get(t.Context(), "application/jwk-set+json")
		if err != nil || res.Status != 200 || string(res.Body) != `{"keys":[]}` || res.Header.Get("Cache-Control") != "max-age=60" {
			t.Fatalf("Get = %+v, %v", res, err)
		}
		if got.Method != http.MethodGet || got.URL.String() != "/keys?a=b" {
			t.Errorf("%s %s, want GET /keys?a=b", got.Method, got.URL)
		}
		want := map[string][]string{"Accept": {"application/jwk-set+json"}, "User-Agent": {"mfpguard"}}
		if !maps.EqualFunc(got.Header, want, func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }) {
			t.Errorf("header %v, want %v", got.Header, want)
		}
	}
}

// MD-15: the document behind a redirect is not that of the configured address.
func TestGetDoesNotFollowRedirects(t *testing.T) {
	var evil atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { evil.Add(1) }))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(other.URL+"/", code))
		res, err := endpoint.New(endpoint.Options{URL: srv.URL}).Get(t.Context(), "application/json")
		srv.Close()
		if err != nil || res.Status != code {
			t.Errorf("%d: Get = %v, %v, want the redirect as the answer", code, res, err)
		}
	}
	if evil.Load() != 0 {
		t.Errorf("the target of the redirects got %d requests, want none", evil.Load())
	}
}

// MD-18: a document is bounded, after decompression, too.
func TestDocumentSizeLimit(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 16<<20))
	_ = z.Close()
	tests := []struct {
		name     string
		body     []byte
		encoding string
		want     error
	}{
		{"a document at the limit", bytes.Repeat([]byte(" "), documentLimit), "", nil},
		{"a document one byte above", bytes.Repeat([]byte(" "), documentLimit+1), "", endpoint.ErrTooLarge},
		{"10 MiB", bytes.Repeat([]byte(" "), 10<<20), "", endpoint.ErrTooLarge},
		{"a gzip bomb of 16 MiB", bomb.Bytes(), "gzip", endpoint.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = w.Write(tt.body)
			}))
			defer srv.Close()
			for name, transport := range map[string]http.RoundTripper{"our transport": nil, "one that unzips itself": &http.Transport{}} {
				calls.Store(0)
				c := endpoint.New(endpoint.Options{URL: srv.URL, Transport: transport, MaxBody: documentLimit})
				if _, err := c.Get(t.Context(), "application/json"); !errors.Is(err, tt.want) || calls.Load() != 1 {
					t.Errorf("%s: Get: %v after %d calls, want %v after one", name, err, calls.Load(), tt.want)
				}
			}
		})
	}
}

// A server that never answers, or never ends its answer, has the time of the caller's context.
func TestGetEndsWithItsContext(t *testing.T) {
	for name, begin := range map[string]string{"no answer": "", "an endless body": "HTTP/1.1 200 OK\r\n\r\n{"} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				_, _ = io.WriteString(conn, begin)
				_, _ = io.Copy(io.Discard, conn) // until the client leaves
				_ = conn.Close()
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			c := endpoint.New(endpoint.Options{URL: "http://" + ln.Addr().String()})
			if _, err := c.Get(ctx, "application/json"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Get: %v, want the deadline", err)
			}
		})
	}
}

// Connections that died while they were idle cost no document; a server that is gone is an error
// that repeats nothing of the URL but its host.
func TestGetOverDeadConnections(t *testing.T) {
	p := newPool(t, 1)
	address := p.ln.Addr().String()
	c := endpoint.New(endpoint.Options{URL: "http://" + address + "/canary"})
	p.here.Add(1)
	for range 3 {
		if res, err := c.Get(t.Context(), "application/json"); err != nil || string(res.Body) != "{}" {
			t.Fatalf("Get over a connection that is reset: %v, %v", res, err)
		}
		p.dead.Store(p.made.Load())
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := endpoint.New(endpoint.Options{URL: gone.URL + "/canary"}).Get(t.Context(), "application/json")
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("Get from a server that is gone: %v", err)
	}
}

// The same after connections that a transport other than net/http's finds dead.
func TestGetIsRepeated(t *testing.T) {
	attempts := 0
	c := endpoint.New(endpoint.Options{URL: "https://as.test/keys", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		attempts++
		over(r, true, false)
		if attempts < 3 {
			return nil, errReset
		}
		return answer(200), nil
	})})
	if _, err := c.Get(t.Context(), "application/json"); err != nil || attempts != 3 {
		t.Errorf("Get: %v after %d attempts, want the answer to the third", err, attempts)
	}
}
