package tokensource_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/selfsigned"
	"github.com/mfpguard/mfpguard/tokensource"
)

// CC-30, A59, A60: neither another host nor another port of this one is told anything.
func TestRedirectsLeadNowhere(t *testing.T) {
	evil := coretest.NewServer()
	defer evil.Close()
	srv := coretest.NewServer()
	defer srv.Close()
	otherName := strings.Replace(evil.URL, "127.0.0.1", "localhost", 1)
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{evil.BaseURL() + "/az/v1/token", otherName + "/mfp/api/az/v1/token", srv.BaseURL() + "/az/v1/token"} {
			srv.Clear(coretest.Token)
			srv.Inject(coretest.Token, coretest.Always, coretest.Redirect(code, target))
			c := config(srv)
			c.Transport = nil
			before := srv.Calls().Token
			if tok, err := newSource(t, c).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "redirects are not followed") {
				t.Errorf("%d to %s: Token = %v, %v", code, target, tok, err)
			}
			if n := srv.Calls().Token - before; n != 1 {
				t.Errorf("%d to %s: %d requests, want 1", code, target, n)
			}
		}
	}
	if n := evil.Calls(); n != (coretest.Calls{}) {
		t.Errorf("the target of the redirects got %+v", n)
	}
}

// IN-13, IN-15, IN-16, A61 for the token endpoint.
func TestTLS(t *testing.T) {
	hour := time.Hour
	now := time.Now()
	tests := []struct {
		name    string
		host    string
		until   time.Time
		version uint16
		trusted bool
		want    string // in the error; "" is no error
	}{
		{"a certificate of a known authority", "127.0.0.1", now.Add(hour), tls.VersionTLS13, true, ""},
		{"TLS 1.2", "127.0.0.1", now.Add(hour), tls.VersionTLS12, true, ""},
		{"a self-signed certificate", "127.0.0.1", now.Add(hour), tls.VersionTLS13, false, "unknown authority"},
		{"a certificate for another host", "as.invalid", now.Add(hour), tls.VersionTLS13, true, "certificate"},
		{"an expired certificate", "127.0.0.1", now.Add(-hour), tls.VersionTLS13, true, "expired"},
		{"TLS 1.1 alone", "127.0.0.1", now.Add(hour), tls.VersionTLS11, true, "protocol version"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int32
			as := coretest.New()
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				as.ServeHTTP(w, r)
			}))
			cert, err := selfsigned.Certificate(tt.until.Add(-48*time.Hour), tt.until, tt.host)
			if err != nil {
				t.Fatal(err)
			}
			srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tt.version}
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			srv.StartTLS()
			defer srv.Close()
			c := config(as)
			c.TokenURL, c.Transport = srv.URL+"/mfp/api/az/v1/token", nil
			if tt.trusted {
				c.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: selfsigned.Pool(cert)}}
			}
			tok, err := newSource(t, c).Token(t.Context())
			if tt.want == "" {
				if err != nil || requests.Load() != 1 {
					t.Errorf("Token = %v, %v after %d requests", tok, err, requests.Load())
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Token = %v, %v, want %q", tok, err, tt.want)
			}
			if requests.Load() != 0 {
				t.Errorf("the server got %d requests, want none", requests.Load())
			}
		})
	}
}

// A secret that a server echoes into its protocol errors stays out of ours.
func TestPlainServerBehindHTTPS(t *testing.T) {
	srv := coretest.NewServer()
	defer srv.Close()
	c := config(srv)
	c.TokenURL, c.Transport = strings.Replace(c.TokenURL, "http://", "https://", 1), nil
	if _, err := newSource(t, c).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "HTTPS") {
		t.Errorf("Token: %v, want an error that says what is wrong", err)
	}
	wantCalls(t, srv, 0)
}

// Twenty sources with five callers each, on sockets.
func TestManySourcesOnSockets(t *testing.T) {
	srv := coretest.NewServer()
	defer srv.Close()
	src := make([]*tokensource.Source, 20)
	for i := range src {
		c := config(srv)
		c.Transport = nil
		src[i] = newSource(t, c)
	}
	done := make(chan error)
	for i := range 100 {
		go func() {
			_, err := src[i%len(src)].Token(t.Context())
			done <- err
		}()
	}
	for range 100 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	wantCalls(t, srv, len(src))
}
