package coretest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// NewServer starts a server on a free port of the loopback interface. The caller must close it.
// NewServer panics if it cannot listen, as httptest.NewServer does.
func NewServer() *Server { return mustStart(New()) }

// NewTLSServer is like [NewServer] but uses TLS, with a new self-signed certificate.
// [Server.Client] trusts that certificate. The server asks clients for a certificate, see
// [Client.CertificateName], and takes any and none.
func NewTLSServer() *Server {
	s := New()
	s.security = newSecurity()
	return mustStart(s)
}

func mustStart(s *Server) *Server {
	if err := s.Start("127.0.0.1:0"); err != nil {
		panic(err)
	}
	return s
}

// Start lets a server of [New] listen on a TCP address such as "127.0.0.1:9080", and sets URL. The
// secrets of the predefined clients are public, so use an address on the loopback interface. It is
// an error to start a server twice, or after Close.
func (s *Server) Start(addr string) error {
	s.mu.Lock()
	started, closed := s.listener != nil, s.closed
	s.mu.Unlock()
	if started || closed {
		return errors.New("coretest: Start of a server that is already started or closed")
	}
	if err := s.listen(addr); err != nil {
		return err
	}
	scheme, t := "http://", &http.Transport{}
	if s.security != nil {
		scheme, t.TLSClientConfig = "https://", &tls.Config{RootCAs: s.security.pool}
	}
	s.URL = scheme + reachable(s.listener.Addr())
	s.client.Transport = t
	return nil
}

// listen opens addr and serves it until Down or Close.
func (s *Server) listen(addr string) error {
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return fmt.Errorf("coretest: %w", err)
	}
	serve := &http.Server{Handler: s}
	s.mu.Lock()
	s.listener, s.listening, s.down = ln, serve, false
	s.accepting++
	s.mu.Unlock()

	accept := ln
	if s.security != nil {
		accept = tls.NewListener(ln, s.security.server)
	}
	go func() {
		_ = serve.Serve(accept) // ends with http.ErrServerClosed
		s.mu.Lock()
		defer s.mu.Unlock()
		s.accepting--
		s.idle.Broadcast()
	}()
	return nil
}

// reachable returns the address that a client dials: loopback for a listener on all interfaces.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.String()
}

// Client returns an HTTP client for this server. It trusts the certificate of a TLS server. Without
// a listener it uses [Server.Transport]. All calls return the same client. Like http.DefaultClient
// it has no timeout and follows redirects.
func (s *Server) Client() *http.Client { return s.client }

// Down takes the server off the network. Its port refuses connections, calls in progress are cut
// off, and [Server.Transport] returns an error that matches syscall.ECONNREFUSED. The state of the
// server survives until [Server.Up]. A Fault may call Down.
func (s *Server) Down() {
	s.mu.Lock()
	s.down = true
	ln, serve := s.listener, s.listening
	s.listening = nil
	for c := range s.calls {
		c.cancel()
	}
	s.mu.Unlock()

	if serve != nil {
		_ = ln.Close() // Serve may not have seen the listener yet
		_ = serve.Close()
	}
	s.client.CloseIdleConnections()
}

// Up puts the server back on its address. It does nothing if the server is up. It panics if the
// server is closed, or if another program has taken the address.
func (s *Server) Up() {
	s.mu.Lock()
	down, closed, ln := s.down, s.closed, s.listener
	if ln == nil && !closed {
		s.down = false
	}
	s.mu.Unlock()
	if closed {
		panic("coretest: Up of a closed Server")
	}
	if !down || ln == nil {
		return
	}
	if err := s.listen(ln.Addr().String()); err != nil {
		panic(err)
	}
}

// Close takes the server down for good and waits until every call has ended. A second call does
// nothing. A Fault must not call Close, because Close would wait for that Fault.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.Down()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.calls)+s.accepting > 0 {
		s.idle.Wait()
	}
}
