package core_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/selfsigned"
	"github.com/mfpguard/mfpguard/tokensource"
)

// gatekeeper is an introspection endpoint behind TLS that verifies the certificates of its clients.
type gatekeeper struct {
	url, caFile      string
	closeConnections func()

	mu   sync.Mutex
	seen []*http.Request
}

func newGatekeeper(t testing.TB, clients ...tls.Certificate) *gatekeeper {
	t.Helper()
	own := clientCert(t)
	g := &gatekeeper{caFile: filepath.Join(t.TempDir(), "ca.pem")}
	writePair(t, own, g.caFile, filepath.Join(t.TempDir(), "unused.pem"))
	known := x509.NewCertPool()
	for _, c := range clients {
		known.AddCert(c.Leaf)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.seen = append(g.seen, r)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, active)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: known}
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	g.url, g.closeConnections = s.URL, s.CloseClientConnections
	return g
}

func (g *gatekeeper) last() *http.Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[len(g.seen)-1]
}

func clientCert(t testing.TB) tls.Certificate {
	t.Helper()
	c, err := selfsigned.Certificate(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// writePair writes a certificate and its key into two files.
func writePair(t testing.TB, c tls.Certificate, certFile, keyFile string) {
	t.Helper()
	cert, key, err := selfsigned.PEM(c)
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{certFile: cert, keyFile: key} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// CC-56: the certificate authenticates us, and the body has client_id beside the question and no secret.
func TestClientCertificate(t *testing.T) {
	cert := clientCert(t)
	g := newGatekeeper(t, cert)
	get := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	own, err := tokensource.NewTransport(g.caFile)
	if err != nil {
		t.Fatal(err)
	}
	own.TLSClientConfig.Certificates = []tls.Certificate{cert}
	rfc := func(auth tokensource.ClientAuth) core.Profile {
		return core.RFC7662(core.RFC7662Config{IntrospectionURL: g.url, AnyAudience: true, ClientAuth: auth})
	}
	for _, tt := range []struct {
		name   string
		change func(*core.Config)
		form   int  // parameters
		auth   bool // an Authorization field
	}{
		{"alone", func(*core.Config) {}, 3, false},
		{"by name", withProfile(rfc(tokensource.TLSClientAuth)), 3, false},
		{"of the program's transport", func(c *core.Config) {
			c.Profile, c.ClientCertificate, c.CAFile, c.Transport = rfc(tokensource.TLSClientAuth), nil, "", own
		}, 3, false},
		{"beside a secret", func(c *core.Config) { c.ClientSecret = "s3cret" }, 2, true},
		{"beside a key", func(c *core.Config) {
			c.ClientAssertion = &tokensource.ClientAssertion{Key: newKey(t), Audience: "https://as.test"}
		}, 5, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := verifier(t, core.Config{Profile: rfc(""), ClientID: "rs1", CAFile: g.caFile, ClientCertificate: get}, tt.change)
			if err := v.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := g.last()
			if !r.TLS.PeerCertificates[0].Equal(cert.Leaf) || len(r.PostForm) != tt.form || (r.Header.Get("Authorization") != "") != tt.auth ||
				!tt.auth && r.PostForm.Get("client_id") != "rs1" || r.PostForm.Has("client_secret") {
				t.Errorf("sent %v and %v", r.Header, r.PostForm)
			}
		})
	}
	v := verifier(t, core.Config{Profile: rfc(""), ClientID: "rs1", ClientSecret: "s3cret", CAFile: g.caFile})
	before := g.last()
	if err := v.Ready(t.Context()); err == nil || g.last() != before {
		t.Errorf("without a certificate: %v", err)
	}
}

// CC-57: the next connection presents the new certificate, without a restart.
func TestClientCertificateRotation(t *testing.T) {
	first, second := clientCert(t), clientCert(t)
	g := newGatekeeper(t, first, second)
	var now atomic.Pointer[tls.Certificate]
	v := verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: g.url, AnyAudience: true}),
		ClientID: "rs1", CAFile: g.caFile,
		ClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return now.Load(), nil },
	})
	for _, cert := range []*tls.Certificate{&first, &second} {
		now.Store(cert)
		if err := v.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !g.last().TLS.PeerCertificates[0].Equal(cert.Leaf) {
			t.Error("another certificate was presented")
		}
		g.closeConnections()
	}
}

// A panic in the program's function, which runs in a goroutine of net/http, is 503.
func TestClientCertificatePanics(t *testing.T) {
	g := newGatekeeper(t)
	v := verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: g.url, AnyAudience: true}),
		ClientID: "rs1", CAFile: g.caFile, ClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { panic("canary") },
	})
	_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
	if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), "getting the client certificate: it panicked") {
		t.Errorf("got %s: %v", outcome(d), d.Cause)
	}
}
