package endpoint_test

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/selfsigned"
)

func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	cert, err := selfsigned.Certificate(time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), "as.test")
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// gatekeeper is a server that demands a certificate. It needs no socket, so that time in a bubble goes on.
type gatekeeper struct {
	conns chan net.Conn
	cert  tls.Certificate

	mu      sync.Mutex
	dialled int
	closed  int
	seen    []*x509.Certificate // one for each request
	refused *x509.Certificate   // nil for none
}

func newGatekeeper(t testing.TB, http2 bool) *gatekeeper {
	g := &gatekeeper{conns: make(chan net.Conn), cert: certificate(t)}
	s := &http.Server{
		Handler: g, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{g.cert}, ClientAuth: tls.RequireAnyClientCert,
			SessionTicketsDisabled: true, // their sender would wait for a reader of the pipe
		},
	}
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(http2)
	go s.ServeTLS(g, "", "")
	t.Cleanup(func() { s.Close(); time.Sleep(time.Minute) })
	return g
}

func (g *gatekeeper) Accept() (net.Conn, error) {
	if c, open := <-g.conns; open {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (g *gatekeeper) Close() error   { close(g.conns); return nil }
func (g *gatekeeper) Addr() net.Addr { return &net.TCPAddr{} }

func (g *gatekeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, r.TLS.PeerCertificates[0])
	if g.refused != nil && g.refused.Equal(r.TLS.PeerCertificates[0]) {
		w.WriteHeader(http.StatusUnauthorized)
	}
	io.WriteString(w, "{}")
}

// counted tells g when it is closed.
type counted struct {
	net.Conn
	g    *gatekeeper
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() {
		c.g.mu.Lock()
		defer c.g.mu.Unlock()
		c.g.closed++
	})
	return c.Conn.Close()
}

// transport returns a transport to g that presents what get returns.
func (g *gatekeeper) transport(get endpoint.GetCertificate) http.RoundTripper {
	t := endpoint.NewTransport(4)
	t.TLSClientConfig.RootCAs = selfsigned.Pool(g.cert)
	t.DialContext = func(context.Context, string, string) (net.Conn, error) {
		g.mu.Lock()
		g.dialled++
		g.mu.Unlock()
		client, server := net.Pipe()
		g.conns <- server
		return &counted{Conn: client, g: g}, nil
	}
	return endpoint.WithCertificate(t, get, &contain.Hook{Name: "test"})
}

// ask posts once, and returns the certificate that g has seen.
func (g *gatekeeper) ask(t testing.TB, c *endpoint.Client) *x509.Certificate {
	t.Helper()
	if _, err := c.Once(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[len(g.seen)-1]
}

// CC-57: a connection presents the certificate that is valid at its start, and no connection carries new requests for long.
func TestCertificatesRotate(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGatekeeper(t, http2)
				first, second := certificate(t), certificate(t)
				present := &first
				rt := g.transport(func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return present, nil })
				c := endpoint.New(endpoint.Options{URL: "https://as.test/", Transport: rt})
				if got := g.ask(t, c); !got.Equal(first.Leaf) {
					t.Error("the first request has no certificate of ours")
				}
				present = &second
				for range 299 { // a busy connection
					time.Sleep(time.Second)
					g.ask(t, c)
				}
				if got := g.ask(t, c); g.dialled != 1 || !got.Equal(first.Leaf) {
					t.Errorf("%d connections in five minutes, want 1", g.dialled)
				}
				time.Sleep(time.Second)
				if got := g.ask(t, c); g.dialled != 2 || !got.Equal(second.Leaf) {
					t.Errorf("%d connections after five minutes, want 2, the last with the new certificate", g.dialled)
				}
				for range 9 {
					time.Sleep(time.Second)
					g.ask(t, c)
				}
				if g.dialled != 2 {
					t.Errorf("%d connections after five minutes, want one new one", g.dialled)
				}
				synctest.Wait() // until the last answer has left its connection idle
				g.mu.Lock()
				if g.closed != 1 {
					t.Errorf("%d connections are closed, want 1: the one that was used for five minutes", g.closed)
				}
				g.mu.Unlock()
				rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
				synctest.Wait()
				g.ask(t, c)
				if g.dialled != 3 {
					t.Errorf("%d connections after the idle ones were closed, want 3", g.dialled)
				}
				rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
			})
		})
	}
}

// CC-57: a certificate that the server refuses is not presented for longer than the connection that it was refused on. Refusals
// cause one handshake a second at most.
func TestCertificatesAreRefused(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGatekeeper(t, http2)
				first, second := certificate(t), certificate(t)
				g.refused = first.Leaf
				present := &first
				rt := g.transport(func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return present, nil })
				c := endpoint.New(endpoint.Options{URL: "https://as.test/", Transport: rt})
				for range 5 {
					g.ask(t, c)
				}
				if g.dialled != 2 {
					t.Errorf("%d connections for five refusals at once, want 2", g.dialled)
				}
				time.Sleep(time.Second)
				g.ask(t, c)
				present = &second
				for range 5 {
					if got := g.ask(t, c); g.dialled != 3 || !got.Equal(second.Leaf) {
						t.Errorf("%d connections, want 3, the last with the new certificate", g.dialled)
					}
				}
				rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
			})
		})
	}
}

// The last attempt after dead connections has a connection of its own, with the certificate.
func TestCertificatesOfLastAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGatekeeper(t, false)
		cert := certificate(t)
		rt := g.transport(func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil })
		last := endpoint.Unpooled(rt)
		if last == nil {
			t.Fatal("there is no unpooled transport")
		}
		c := endpoint.New(endpoint.Options{URL: "https://as.test/", Transport: last})
		for range 2 {
			if got := g.ask(t, c); !got.Equal(cert.Leaf) {
				t.Error("the certificate is not presented")
			}
		}
		if g.dialled != 2 {
			t.Errorf("%d connections for two requests", g.dialled)
		}
	})
}

// What fails in a function of the program, or in its key, is an error of the request.
func TestCertificatesFail(t *testing.T) {
	for name, tt := range map[string]struct {
		get  endpoint.GetCertificate
		want string
	}{
		"an error": {func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return nil, errors.New("the vault is sealed")
		}, "getting the client certificate: the vault is sealed"},
		"nil":     {func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, nil }, "getting the client certificate: there is none"},
		"a panic": {func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { panic("canary") }, "getting the client certificate: it panicked"},
		"a panic of the key": {func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert := certificate(t)
			cert.PrivateKey = badKey{cert.PrivateKey.(crypto.Signer)}
			return &cert, nil
		}, "the key panicked"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGatekeeper(t, false)
				c := endpoint.New(endpoint.Options{URL: "https://as.test/", Transport: g.transport(tt.get)})
				_, err := c.Once(t.Context(), nil, nil)
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		})
	}
}

// badKey panics when it signs.
type badKey struct{ crypto.Signer }

func (badKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { panic("canary") }
