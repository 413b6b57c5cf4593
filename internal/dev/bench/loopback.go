package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

const connections = 64

// serve serves a handler of frameworks.go on a port of its own.
func serve(handler any) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	if app, ok := handler.(*fiber.App); ok {
		go func() { _ = app.Listener(l) }()
		return l.Addr().String(), func() { _ = app.ShutdownWithTimeout(time.Second) }, nil
	}
	s := &http.Server{Handler: handler.(http.Handler)}
	go func() { _ = s.Serve(l) }()
	return l.Addr().String(), func() { _ = s.Close() }, nil
}

// A generator sends the same request again and again over keep-alive connections, each time after
// the answer to the last.
type generator struct {
	stop    func()
	clients []*client
}

type client struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	took    []time.Duration
	err     error
}

func newGenerator(handler any, token string) (*generator, error) {
	address, stop, err := serve(handler)
	if err != nil {
		return nil, err
	}
	g := &generator{stop: stop}
	request := []byte("GET / HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + token + "\r\n\r\n")
	for range connections {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			g.close()
			return nil, err
		}
		g.clients = append(g.clients, &client{conn: conn, in: bufio.NewReader(conn), request: request})
	}
	return g, nil
}

func (g *generator) close() {
	for _, c := range g.clients {
		_ = c.conn.Close()
	}
	g.stop()
}

// load is the result of a window of time.
type load struct {
	perSecond float64
	cpu       float64 // nanoseconds per request
	p50, p99  time.Duration
}

// run sends for d on all connections.
func (g *generator) run(d time.Duration) (load, error) {
	took, cpu := stopwatch(func() {
		end := time.Now().Add(d)
		var wg sync.WaitGroup
		for _, c := range g.clients {
			wg.Go(func() { c.send(end) })
		}
		wg.Wait()
	})
	var all []time.Duration
	for _, c := range g.clients {
		if c.err != nil {
			return load{}, c.err
		}
		all = append(all, c.took...)
	}
	return load{float64(len(all)) / took.Seconds(), float64(cpu) / float64(len(all)), quantile(all, 0.5), quantile(all, 0.99)}, nil
}

func (c *client) send(end time.Time) {
	c.took = c.took[:0]
	for now := time.Now(); now.Before(end) && c.err == nil; {
		if _, c.err = c.conn.Write(c.request); c.err != nil {
			return
		}
		c.err = c.receive()
		then := time.Now()
		c.took = append(c.took, then.Sub(now))
		now = then
	}
}

var (
	statusOK      = []byte("HTTP/1.1 200 ")
	contentLength = []byte("content-length:")
)

// receive reads one answer: a status line, header fields with a Content-Length, a body.
func (c *client) receive() error {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, statusOK) {
		return fmt.Errorf("answer %q", line)
	}
	length := 0
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			_, err = c.in.Discard(length)
			return err
		}
		if len(line) > len(contentLength) && bytes.EqualFold(line[:len(contentLength)], contentLength) {
			if _, err := fmt.Sscan(string(line[len(contentLength):]), &length); err != nil {
				return err
			}
		}
	}
}

// A duel compares a bare handler with the same handler behind our guard, with the same request.
type duel struct {
	name, token   string
	bare, guarded *generator
	loads         [2][]load
}

func newDuel(f framework, kind, token string) (*duel, error) {
	d := &duel{name: f.name + ", " + kind, token: token}
	var err error
	if d.bare, err = newGenerator(f.bare, token); err != nil {
		return nil, err
	}
	if d.guarded, err = newGenerator(f.guarded, token); err != nil {
		d.bare.close()
		return nil, err
	}
	return d, nil
}

// round gives each side a window. The sides take turns in going first.
func (d *duel) round(n int, window time.Duration) error {
	sides := [2]*generator{d.bare, d.guarded}
	for i := range sides {
		i = (i + n) % 2
		l, err := sides[i].run(window)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		d.loads[i] = append(d.loads[i], l)
	}
	return nil
}

func (d *duel) ratio(of func(load) float64) float64 {
	return quotient(d.values(1, of), d.values(0, of))
}

func (d *duel) values(side int, of func(load) float64) []float64 {
	out := make([]float64, len(d.loads[side]))
	for i, l := range d.loads[side] {
		out[i] = of(l)
	}
	return out
}
