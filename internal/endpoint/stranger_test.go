package endpoint_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// pool is a server whose connections can be made to break.
type pool struct {
	ln    net.Listener
	crowd int // so many of the first questions wait for each other, so that each has a connection of its own
	asked atomic.Int32
	reset atomic.Int32 // connections that were reset
	dead  atomic.Int32 // connections up to this number are reset when they are used
	made  atomic.Int32
	here  sync.WaitGroup
}

func newPool(t *testing.T, crowd int) *pool {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	p := &pool{ln: ln, crowd: crowd}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go p.serve(conn, p.made.Add(1))
		}
	}()
	return p
}

// serve answers all questions but hostile ones, to which a firewall resets the connection.
func (p *pool) serve(conn net.Conn, number int32) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "hostile") || number <= p.dead.Load() {
			p.reset.Add(1)
			_ = conn.(*net.TCPConn).SetLinger(0)
			return
		}
		if p.asked.Add(1) <= int32(p.crowd) {
			p.here.Done()
			p.here.Wait()
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	}
}

// fill gives c as many idle connections as there are in a crowd.
func (p *pool) fill(t *testing.T, c *endpoint.Client) {
	t.Helper()
	p.here.Add(p.crowd)
	p.asked.Store(0)
	var all sync.WaitGroup
	for range p.crowd {
		all.Go(func() {
			if _, err := c.Once(t.Context(), url.Values{"token": {"good"}}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// CN-02, CN-03: a question to which a firewall resets every connection is sent on few of them, and not on all that are idle.
// (A POST that net/http may repeat by itself, for a field Idempotency-Key, goes through the whole pool.)
func TestAQuestionThatIsAlwaysResetCostsFewConnections(t *testing.T) {
	p := newPool(t, 16)
	c := endpoint.New(endpoint.Options{URL: "http://" + p.ln.Addr().String()})
	p.fill(t, c)
	if _, err := c.Once(t.Context(), url.Values{"token": {"hostile"}}, nil); err == nil {
		t.Error("the hostile question was answered")
	}
	if n := p.reset.Load(); n < 2 || n > 3 {
		t.Errorf("%d connections were reset, want 2 or 3 of 16", n)
	}
	if _, err := c.Once(t.Context(), url.Values{"token": {"good"}}, nil); err != nil {
		t.Errorf("the next question: %v", err)
	}
}

// CN-03: a pool of dead connections costs nobody an answer also when it may not be closed, because a stranger has just had
// another one closed: the last repetition has a connection of its own.
func TestAPoolOfDeadConnectionsThatMayNotBeClosed(t *testing.T) {
	p := newPool(t, 16)
	c := endpoint.New(endpoint.Options{URL: "http://" + p.ln.Addr().String()})
	if _, err := c.Once(t.Context(), url.Values{"token": {"hostile"}}, nil); err == nil {
		t.Error("the hostile question was answered")
	}
	p.fill(t, c)
	p.dead.Store(p.made.Load())
	for range 5 {
		if _, err := c.Once(t.Context(), url.Values{"token": {"good"}}, nil); err != nil {
			t.Errorf("a question over dead connections: %v", err)
		}
	}
}

// CN-03: the connections of the last repetition are not kept, and it works over HTTP/2, too.
func TestTheLastRepetitionOverTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		var conns atomic.Int32
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
		srv.EnableHTTP2 = http2
		srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				conns.Add(1)
			}
		}
		srv.StartTLS()
		base := endpoint.NewTransport(64)
		base.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		last := endpoint.Unpooled(base)
		c := endpoint.New(endpoint.Options{URL: srv.URL, Transport: last})
		want := "HTTP/1.1"
		if http2 {
			want = "HTTP/2.0"
		}
		for range 3 {
			if res, err := c.Once(t.Context(), url.Values{}, nil); err != nil || string(res.Body) != want {
				t.Errorf("Once = %v, %v, want %s", res, err, want)
			}
		}
		if n := conns.Load(); !http2 && n != 3 || http2 && n != 1 {
			t.Errorf("%s: %d connections for three questions", want, n)
		}
		last.CloseIdleConnections()
		srv.Close()
	}
	if endpoint.Unpooled(nil) != nil || endpoint.Unpooled(roundTrip(nil)) != nil || endpoint.Unpooled((*http.Transport)(nil)) != nil {
		t.Error("there is an unpooled transport of something that is no *http.Transport")
	}
}
