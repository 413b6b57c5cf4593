package main

import (
	"net"
	"sync"
)

// A proxy forwards TCP connections. It can make the ones that it has die; new ones work.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	links []*link
	dead  int // how many of links, the oldest ones, are dead
	reset bool
}

// A link is a connection of a client through the proxy.
type link struct {
	client *net.TCPConn
	server net.Conn
	number int
}

func newProxy(target string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, target: target}
	go p.accept()
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = c.Close()
			continue
		}
		p.mu.Lock()
		k := &link{client: c.(*net.TCPConn), server: s, number: len(p.links)}
		p.links = append(p.links, k)
		p.mu.Unlock()
		go p.pass(k, k.server, k.client)
		go p.pass(k, k.client, k.server)
	}
}

// pass copies one direction of a link. If the link is dead, it discards what comes, or resets the
// connection of the client.
func (p *proxy) pass(k *link, to, from net.Conn) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		dead, reset := p.fate(k)
		switch {
		case dead && reset:
			_ = k.client.SetLinger(0)
			_ = k.client.Close()
			return
		case dead && err == nil:
			continue
		case dead:
			return // in silence
		}
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			_ = k.client.Close()
			_ = k.server.Close()
			return
		}
	}
}

func (p *proxy) fate(k *link) (dead, reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return k.number < p.dead, p.reset
}

// kill makes all connections of now die, and returns how many there are. With reset they are
// reset when data comes on them. Otherwise they stay silent, without FIN and RST.
func (p *proxy) kill(reset bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead, p.reset = len(p.links), reset
	return p.dead
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.links {
		_ = k.client.Close()
		_ = k.server.Close()
	}
}
