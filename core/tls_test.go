package core_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/selfsigned"
)

// IN-13, IN-15, A61: a server that cannot prove who it is gets to see nothing.
func TestTLS(t *testing.T) {
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	for _, tt := range []struct {
		name, host string
		end        time.Time
		trusted    bool
		most       uint16
		http2      bool
		want       string
		proto      string
	}{
		{"trusted", "127.0.0.1", tomorrow, true, 0, false, "", "HTTP/1.1"},
		{"trusted, HTTP/2", "127.0.0.1", tomorrow, true, 0, true, "", "HTTP/2.0"},
		{"trusted, TLS 1.2", "127.0.0.1", tomorrow, true, tls.VersionTLS12, false, "", "HTTP/1.1"},
		{"self-signed", "127.0.0.1", tomorrow, false, 0, false, "certificate signed by unknown authority", ""},
		{"another host's", "as.example.com", tomorrow, true, 0, false, "certificate", ""},
		{"expired", "127.0.0.1", yesterday, true, 0, false, "certificate has expired", ""},
		{"TLS 1.1", "127.0.0.1", tomorrow, true, tls.VersionTLS11, false, "protocol version", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int64
			var proto atomic.Value
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				proto.Store(r.Proto)
				w.Header().Set("Content-Type", "application/json")
				io.WriteString(w, active)
			}))
			cert, err := selfsigned.Certificate(tt.end.Add(-48*time.Hour), tt.end, tt.host)
			if err != nil {
				t.Fatal(err)
			}
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tt.most, MinVersion: tls.VersionTLS10}
			s.EnableHTTP2 = tt.http2
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.StartTLS()
			defer s.Close()
			v := at(t, "", withProfile(core.RFC7662(core.RFC7662Config{IntrospectionURL: s.URL, AnyAudience: true})), func(c *core.Config) {
				if tt.trusted {
					c.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: selfsigned.Pool(cert)}, ForceAttemptHTTP2: true}
				}
			})
			_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
			if tt.want == "" {
				if d != nil || proto.Load() != tt.proto {
					t.Errorf("got %s over %v, want ok over %s", outcome(d), proto.Load(), tt.proto)
				}
				return
			}
			if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), tt.want) {
				t.Errorf("got %s because of %v, want 503 because of %s", outcome(d), d, tt.want)
			}
			if n := requests.Load(); n != 0 {
				t.Errorf("the server got %d requests", n)
			}
		})
	}
}

// A61: a program that has switched verification off for itself, in the transport that everybody shares, has not done so for us.
func TestDefaultTransportOfTheProgramIsNotOurs(t *testing.T) {
	srv := coretest.NewTLSServer()
	defer srv.Close()
	old := http.DefaultTransport
	defer func() { http.DefaultTransport = old }()
	for _, rt := range []http.RoundTripper{
		&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("not for you") }),
	} {
		http.DefaultTransport = rt
		v := verifier(t, core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"})
		_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
		if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), "unknown authority") {
			t.Errorf("got %s because of %v", outcome(d), d.Cause)
		}
	}
	if got := srv.Calls(); got != (coretest.Calls{}) {
		t.Errorf("the server got %+v", got)
	}
}
