package interop_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// presenting returns a func that presents the certificate, as it is now.
func presenting(c *atomic.Pointer[tls.Certificate]) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.Load(), nil }
}

// certified is a token source of c that presents a certificate.
func certified(t *testing.T, s *tlsServer, c client, present func(*tls.CertificateRequestInfo) (*tls.Certificate, error)) *tokensource.Source {
	t.Helper()
	src, err := tokensource.New(tokensource.Config{
		TokenURL: s.mtls.token, ClientID: c.ID, ClientCertificate: present, CAFile: s.caFile(t), Scope: "read",
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// wantToken fails the test unless the source has a token, or is refused.
func wantToken(t *testing.T, src *tokensource.Source, good bool) {
	t.Helper()
	token, err := src.Token(t.Context())
	e, _ := errors.AsType[*tokensource.EndpointError](err)
	switch {
	case good && (err != nil || token.AccessToken == ""):
		t.Errorf("no token: %v", err)
	case !good && (e == nil || e.Status != http.StatusUnauthorized || e.Code != tokensource.ErrInvalidClient):
		t.Errorf("the error is %v, want 401 invalid_client", err)
	}
}

// SV-05, CC-56
func TestSourceWithACertificate(t *testing.T) {
	s := newTLSServer(t)
	vouched, other := forClient(t, "orders-api", s.authority), forClient(t, "other-api", s.authority)
	foreign := forClient(t, "orders-api", nil)
	for _, tt := range []struct {
		name        string
		client      client
		certificate *tls.Certificate
		good        bool
	}{
		{"an authority vouches for it", s.subject, &vouched, true},
		{"self-signed", s.single, &s.own, true},
		{"another subject", s.subject, &other, false},
		{"another authority", s.subject, &foreign, false},
		{"another self-signed one", s.single, &foreign, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var now atomic.Pointer[tls.Certificate]
			now.Store(tt.certificate)
			wantToken(t, certified(t, s, tt.client, presenting(&now)), tt.good)
		})
	}
	t.Run("no certificate", func(t *testing.T) {
		src, err := tokensource.New(tokensource.Config{
			TokenURL: s.mtls.token, ClientID: s.subject.ID, ClientAuth: tokensource.TLSClientAuth, Transport: s.transport(t, nil),
		})
		if err != nil {
			t.Fatal(err)
		}
		wantToken(t, src, false)
	})
}

// Certificates in files are read again when they change, without a restart. A refused one is not
// used for longer. CC-57
func TestSourceWithCertificateFiles(t *testing.T) {
	s := newTLSServer(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(c tls.Certificate) {
		t.Helper()
		cert, key, err := pemOf(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(keyFile, []byte(key), 0o600), os.WriteFile(certFile, []byte(cert), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write(forClient(t, "other-api", s.authority))
	src := certified(t, s, s.subject, tokensource.CertificateFiles(certFile, keyFile))
	wantToken(t, src, false)
	write(forClient(t, "orders-api", s.authority))
	tick, deadline := time.NewTicker(50*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for {
		if _, err := src.Token(t.Context()); err == nil {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the new certificate is not presented")
		}
	}
}
