package formpost_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfpguard/mfpguard/internal/formpost"
)

// CN-02, CN-03: a question to which a firewall resets every connection is sent on few of them, and not on all that are idle.
// (A POST that net/http may repeat by itself, for a field Idempotency-Key, goes through the whole pool.)
func TestAQuestionThatIsAlwaysResetCostsFewConnections(t *testing.T) {
	const pooled = 16
	var asked, reset atomic.Int32
	var all sync.WaitGroup
	all.Add(pooled)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	serve := func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "hostile") {
				reset.Add(1)
				_ = conn.(*net.TCPConn).SetLinger(0)
				return
			}
			if asked.Add(1) <= pooled { // hold the first ones, so that each has a connection of its own
				all.Done()
				all.Wait()
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	c := formpost.New(formpost.Options{URL: "http://" + ln.Addr().String()})
	var warm sync.WaitGroup
	for range pooled {
		warm.Go(func() {
			if _, err := c.Once(t.Context(), http.Header{}, url.Values{"token": {"good"}}); err != nil {
				t.Error(err)
			}
		})
	}
	warm.Wait()
	if _, err := c.Once(t.Context(), http.Header{}, url.Values{"token": {"hostile"}}); err == nil {
		t.Error("the hostile question was answered")
	}
	if n := reset.Load(); n < 2 || n > 3 {
		t.Errorf("%d connections were reset, want 2 or 3 of %d", n, pooled)
	}
	if _, err := c.Once(t.Context(), http.Header{}, url.Values{"token": {"good"}}); err != nil {
		t.Errorf("the next question: %v", err)
	}
}
