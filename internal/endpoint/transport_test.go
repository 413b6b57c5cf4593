package endpoint_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/selfsigned"
)

// CN-07
func TestOpenTransport(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	damaged := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("damaged")}))
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("canary")}))
	tests := []struct {
		name, text string
		want       string // in the error; "" is a connection
	}{
		{"a certificate", cert, ""},
		{"one behind a byte order mark", "\uFEFF" + cert, ""},
		{"one behind another file and a mark", key + "\uFEFF" + cert, ""},                                                // JL-07
		{"a damaged one behind another and a mark", cert + "\uFEFF" + damaged, "ca.pem: certificate 2 in it is damaged"}, // JL-07
		{"one with Windows' line ends", strings.ReplaceAll(cert, "\n", "\r\n"), ""},
		{"one between other text", "# our CA\n" + cert + "the end\n", ""},
		{"one behind a key", key + cert, ""},
		{"two", cert + cert, ""},
		{"a damaged one", damaged, "ca.pem: certificate 1 in it is damaged"},
		{"a damaged one behind a good one", cert + damaged, "ca.pem: certificate 2 in it is damaged"},
		{"nothing", "", "ca.pem has no certificate in it: want PEM"},
		{"the other form", string(srv.Certificate().Raw), "ca.pem has no certificate in it: want PEM"},
		{"half of one", cert[:len(cert)/2], "ca.pem has no certificate in it: want PEM"},
		{"a key alone", key, "ca.pem has no certificate in it: want PEM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			transport, err := endpoint.OpenTransport(1, file)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
					t.Errorf("OpenTransport: %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer transport.CloseIdleConnections()
			if err := endpoint.CheckTransport(transport); err != nil {
				t.Errorf("the transport %v", err)
			}
			if _, err := endpoint.New(endpoint.Options{URL: srv.URL, Transport: transport}).Once(t.Context(), url.Values{}, nil); err != nil {
				t.Errorf("Once: %v", err)
			}
		})
	}
	if _, err := endpoint.OpenTransport(1, filepath.Join(t.TempDir(), "none.pem")); err == nil || !strings.Contains(err.Error(), "none.pem") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("OpenTransport of no file: %v", err)
	}
}

// CN-07: only the certificates of the file are trusted.
func TestOpenTransportTrustsNobodyElse(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	other, err := endpoint.OpenTransport(1, otherCA(t))
	if err != nil {
		t.Fatal(err)
	}
	system, err := endpoint.OpenTransport(1, "")
	if err != nil || system.TLSClientConfig.RootCAs != nil {
		t.Fatalf("OpenTransport without a file: %v, with roots %v, want the system's", err, system.TLSClientConfig.RootCAs)
	}
	for name, transport := range map[string]*http.Transport{"another authority": other, "the system's": system} {
		_, err := endpoint.New(endpoint.Options{URL: srv.URL, Transport: transport}).Once(t.Context(), url.Values{}, nil)
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); !unknown {
			t.Errorf("%s: Once: %v, want an unknown authority", name, err)
		}
		if hint := endpoint.Hint(err, time.Second); !strings.Contains(hint, "CAFile") || !strings.Contains(hint, "MFPGUARD_CA_FILE") {
			t.Errorf("%s: the hint is %q", name, hint)
		}
	}
	for _, err := range []error{nil, io.EOF, context.Canceled, x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}} {
		if hint := endpoint.Hint(err, time.Second); hint != "" {
			t.Errorf("the hint at %T is %q, want none", err, hint)
		}
	}
}

// otherCA writes the certificate of an authority that vouches for nobody here.
func otherCA(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "other.pem")
	cert, err := selfsigned.Certificate(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Leaf.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
