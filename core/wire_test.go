package core_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// listen serves each connection with serve on loopback and returns the address.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// at returns a Verifier that asks http://addr/introspect with the default transport.
func at(t *testing.T, addr string, change ...func(*core.Config)) *core.Verifier {
	t.Helper()
	return verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: "http://" + addr + "/introspect", AnyAudience: true}),
		ClientID: "rs1", ClientSecret: "s3cret",
	}, change...)
}

// The requests on the wire, byte for byte, as MobileFirst gets them.
func TestTranscript(t *testing.T) {
	want, err := os.ReadFile("testdata/mobilefirst8.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	answers := []string{`{"access_token":"CC","token_type":"Bearer","expires_in":3599,"scope":"authorization.introspect"}`, active}
	addr := listen(t, func(c net.Conn) {
		r := bufio.NewReader(io.TeeReader(c, &got))
		for _, answer := range answers {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			got.WriteString("\n\n")
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
		}
	})
	v := verifier(t, core.Config{Profile: core.MobileFirst8("http://" + addr + "/mfp/api"), ClientID: "test", ClientSecret: "test"})
	if _, d := v.Authorize(t.Context(), bearer(t1), core.AllOf("read")); d != nil {
		t.Fatalf("got %s: %v", outcome(d), d.Cause)
	}
	if s := strings.ReplaceAll(strings.ReplaceAll(got.String(), "\r\n", "\n"), addr, "mfp.example.com"); s != string(want) {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

// IN-37, A59, A60, BCP-10: no redirect is followed, wherever it leads, and the token goes nowhere else.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var elsewhere atomic.Int64
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			elsewhere.Add(1)
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, active)
		}))
		t.Cleanup(other.Close)
		otherHost := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
		for _, endpoint := range []coretest.Endpoint{coretest.Token, coretest.Introspection} {
			for name, target := range map[string]string{"another port": other.URL, "another host": otherHost, "the same host": ""} {
				t.Run(fmt.Sprintf("%d of the %s endpoint to %s", status, endpoint, name), func(t *testing.T) {
					srv := coretest.NewServer()
					defer srv.Close()
					if target == "" {
						target = srv.URL + "/elsewhere"
					}
					srv.Inject(endpoint, coretest.Always, coretest.Redirect(status, target))
					v := verifier(t, core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"})
					_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
					if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), "redirects are not followed") {
						t.Errorf("got %s because of %v", outcome(d), d.Cause)
					}
					if elsewhere.Load() != 0 || srv.Calls().Other != 0 {
						t.Errorf("%d requests went elsewhere, %d to another path", elsewhere.Load(), srv.Calls().Other)
					}
				})
			}
		}
	}
}

// certificate makes a self-signed certificate, and a pool that trusts it.
func certificate(t *testing.T, host string, end time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: end.Add(-48 * time.Hour), NotAfter: end, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

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
			cert, pool := certificate(t, tt.host, tt.end)
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tt.most, MinVersion: tls.VersionTLS10}
			s.EnableHTTP2 = tt.http2
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.StartTLS()
			defer s.Close()
			v := at(t, "", withProfile(core.RFC7662(core.RFC7662Config{IntrospectionURL: s.URL, AnyAudience: true})), func(c *core.Config) {
				if tt.trusted {
					c.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
				}
			})
			_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
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
		_, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
		if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), "unknown authority") {
			t.Errorf("got %s because of %v", outcome(d), d.Cause)
		}
	}
	if got := srv.Calls(); got != (coretest.Calls{}) {
		t.Errorf("the server got %+v", got)
	}
}

// IN-27, A68: an answer that is too long, before or after decompression, is cut off and no answer.
func TestOversizeAnswers(t *testing.T) {
	for name, faults := range map[string][]coretest.Fault{
		"long":      {coretest.Oversize(64 << 20)},
		"gzip bomb": {coretest.Gzip(), coretest.Oversize(64 << 20)},
	} {
		t.Run(name, func(t *testing.T) {
			srv := coretest.NewServer()
			defer srv.Close()
			v := verifier(t, core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Timeout: time.Minute})
			v.Authorize(t.Context(), bearer("warm"), core.Authenticated())
			srv.Inject(coretest.Introspection, 1, faults...)
			tok := srv.Mint(coretest.Grant{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated())
			runtime.ReadMemStats(&after)
			if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), "size limit") {
				t.Errorf("got %s: %v", outcome(d), d)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
				t.Errorf("it cost %d MiB of memory", grown>>20)
			}
			if _, d := v.Authorize(t.Context(), bearer(tok), core.Authenticated()); d != nil {
				t.Errorf("then got %s: %v", outcome(d), d.Cause)
			}
		})
	}
	t.Run("gzip that is not a bomb", func(t *testing.T) {
		srv := coretest.NewServer()
		defer srv.Close()
		v := verifier(t, core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"})
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Gzip())
		if _, d := v.Authorize(t.Context(), bearer(srv.Mint(coretest.Grant{})), core.Authenticated()); d != nil {
			t.Errorf("got %s: %v", outcome(d), d.Cause)
		}
	})
}

// A38, IN-26, IN-99: a server may stall or break at any point of its answer; the request ends in time, and never in access.
func TestBrokenAnswers(t *testing.T) {
	whole := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(active), active)
	head := strings.Index(whole, "\r\n\r\n") + 4
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, active)
	z.Close()
	for _, tt := range []struct {
		name, sent string
		stall      bool // instead of closing the connection
		want       string
	}{
		{"whole", whole, true, "ok"},
		{"nothing, stalled", "", true, "503"},
		{"nothing, closed", "", false, "503"},
		{"status line, stalled", whole[:15], true, "503"},
		{"status line, closed", whole[:15], false, "503"},
		{"half a header, stalled", whole[:30], true, "503"},
		{"half a header, closed", whole[:30], false, "503"},
		{"header, stalled", whole[:head], true, "503"},
		{"header, closed", whole[:head], false, "503"},
		{"half a body, stalled", whole[:head+20], true, "503"},
		{"half a body, closed", whole[:head+20], false, "503"},
		{"all but the last byte, stalled", whole[:len(whole)-1], true, "503"},
		{"all but the last byte, closed", whole[:len(whole)-1], false, "503"},
		{"a chunk without an end", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n", len(active), active), false, "503"},
		{"a body without a length, closed in the middle", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + active[:20], false, "503"},
		{"gzip cut short", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s",
			zipped.Len()-9, zipped.Bytes()[:zipped.Len()-9]), false, "503"},
		{"gzip that is none", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", false, "503"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 77\r\n\r\n" + active, false, "503"},
		{"an endless header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10), true, "503"},
		{"not HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n", true, "503"},
		{"a hundred and another 1xx", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 50) + whole, true, "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			over := make(chan struct{})
			defer close(over)
			addr := listen(t, func(c net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				io.WriteString(c, tt.sent)
				if tt.stall {
					<-over
				}
			})
			v := at(t, addr, func(c *core.Config) { c.Timeout = 200 * time.Millisecond })
			if tt.want == "ok" {
				v = at(t, addr)
			}
			begun := time.Now()
			p, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated())
			if got := outcome(d); got != tt.want || (p.ClientID() != "") != (tt.want == "ok") {
				t.Errorf("got %s: %v", got, d)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A connection that broke is replaced, and one that survived a bad answer is used again.
func TestConnectionsAfterErrors(t *testing.T) {
	var conns atomic.Int64
	answers := make(chan string, 8)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch a := <-answers; a {
		case "reset":
			panic(http.ErrAbortHandler)
		case "500":
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, a)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	defer s.Close()
	v := at(t, strings.TrimPrefix(s.URL, "http://"), withTTL(0, 0))
	for i, tt := range []struct {
		answers []string
		want    string
		conns   int64
	}{
		{[]string{active}, "ok", 1},
		{[]string{"{"}, "503", 1},
		{[]string{active}, "ok", 1},
		{[]string{"500", active}, "ok", 1},
		{[]string{"reset", active}, "ok", 2},
		{[]string{active}, "ok", 2},
	} {
		for _, a := range tt.answers {
			answers <- a
		}
		if _, d := v.Authorize(t.Context(), bearer(t1), core.Authenticated()); outcome(d) != tt.want {
			t.Errorf("step %d: got %s: %v", i, outcome(d), d)
		}
		if got := conns.Load(); got != tt.conns {
			t.Errorf("step %d: %d connections, want %d", i, got, tt.conns)
		}
	}
}

// Connections to the server are kept for as many calls as there may be at once.
func TestConnectionsAreReused(t *testing.T) {
	var conns atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"active":false}`)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	v := at(t, strings.TrimPrefix(s.URL, "http://"), func(c *core.Config) { c.MaxInFlight = 16; c.Timeout = time.Minute })
	if n := concurrently(1000, func(i int) bool {
		_, d := v.Authorize(context.Background(), bearer(fmt.Sprint("t", i)), core.Authenticated())
		return d.Status == 401
	}); n != 1000 {
		t.Errorf("%d of 1000 were answered", n)
	}
	// The transport may dial while a connection comes free, so a few more than 16, but nothing like one a call.
	if got := conns.Load(); got > 64 {
		t.Errorf("%d connections for 1000 calls", got)
	}
}
