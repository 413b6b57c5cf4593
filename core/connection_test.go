package core_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// A38, IN-26, IN-99: a server may stall or break at any point of its answer; the request ends in time, and never in access.
func TestBrokenAnswers(t *testing.T) {
	whole := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(active), active)
	head := strings.Index(whole, "\r\n\r\n") + 4
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, active)
	z.Close()
	for _, tt := range []struct {
		name, sent string
		stall      bool // instead of closing the connection
		want       string
	}{
		{"whole", whole, true, "ok"},
		{"nothing, stalled", "", true, "503"},
		{"nothing, closed", "", false, "503"},
		{"status line, stalled", whole[:15], true, "503"},
		{"status line, closed", whole[:15], false, "503"},
		{"half a header, stalled", whole[:30], true, "503"},
		{"half a header, closed", whole[:30], false, "503"},
		{"header, stalled", whole[:head], true, "503"},
		{"header, closed", whole[:head], false, "503"},
		{"half a body, stalled", whole[:head+20], true, "503"},
		{"half a body, closed", whole[:head+20], false, "503"},
		{"all but the last byte, stalled", whole[:len(whole)-1], true, "503"},
		{"all but the last byte, closed", whole[:len(whole)-1], false, "503"},
		{"a chunk without an end", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n", len(active), active), false, "503"},
		{"a body without a length, closed in the middle", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + active[:20], false, "503"},
		{"gzip cut short", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s",
			zipped.Len()-9, zipped.Bytes()[:zipped.Len()-9]), false, "503"},
		{"gzip that is none", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", false, "503"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 77\r\n\r\n" + active, false, "503"},
		{"an endless header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10), true, "503"},
		{"not HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n", true, "503"},
		{"a hundred and another 1xx", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 50) + whole, true, "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			over := make(chan struct{})
			defer close(over)
			addr := listen(t, func(c net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				io.WriteString(c, tt.sent)
				if tt.stall {
					<-over
				}
			})
			v := at(t, addr, func(c *core.Config) { c.Timeout = 200 * time.Millisecond })
			if tt.want == "ok" {
				v = at(t, addr)
			}
			begun := time.Now()
			p, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
			if got := outcome(d); got != tt.want || (p.ClientID() != "") != (tt.want == "ok") {
				t.Errorf("got %s: %v", got, d)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A connection that broke is replaced, and one that survived a bad answer is used again.
func TestConnectionsAfterErrors(t *testing.T) {
	var conns atomic.Int64
	answers := make(chan string, 8)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch a := <-answers; a {
		case "reset":
			panic(http.ErrAbortHandler)
		case "500":
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, a)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	defer s.Close()
	v := at(t, strings.TrimPrefix(s.URL, "http://"), withTTL(0, 0))
	for i, tt := range []struct {
		answers []string
		want    string
		conns   int64
	}{
		{[]string{active}, "ok", 1},
		{[]string{"{"}, "503", 1},
		{[]string{active}, "ok", 1},
		{[]string{"500", active}, "ok", 1},
		{[]string{"reset", active}, "ok", 2},
		{[]string{active}, "ok", 2},
	} {
		for _, a := range tt.answers {
			answers <- a
		}
		if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); outcome(d) != tt.want {
			t.Errorf("step %d: got %s: %v", i, outcome(d), d)
		}
		if got := conns.Load(); got != tt.conns {
			t.Errorf("step %d: %d connections, want %d", i, got, tt.conns)
		}
	}
}

// Connections to the server are kept for as many calls as there may be at once.
func TestConnectionsAreReused(t *testing.T) {
	var conns atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"active":false}`)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	v := at(t, strings.TrimPrefix(s.URL, "http://"), func(c *core.Config) { c.MaxInFlight = 16; c.Timeout = time.Minute })
	if n := concurrently(1000, func(i int) bool {
		_, d := authorize(context.Background(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
		return d.Status == 401
	}); n != 1000 {
		t.Errorf("%d of 1000 were answered", n)
	}
	// The transport may dial while a connection comes free, so a few more than 16, but nothing like one a call.
	if got := conns.Load(); got > 64 {
		t.Errorf("%d connections for 1000 calls", got)
	}
}
