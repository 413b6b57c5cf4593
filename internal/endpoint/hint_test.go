package endpoint_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// LG-06: each error that the operator can mend has a hint that names the fix.
func TestHints(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"an unknown authority", x509.UnknownAuthorityError{}, "CAFile"},
		{"a certificate for another name", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, "other names"},
		{"an old certificate", x509.CertificateInvalidError{Reason: x509.Expired}, "clock"},
		{"a client certificate is missing", &net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}, "set ClientCertificate"},
		{"a client certificate is refused", &net.OpError{Op: "remote error", Err: errors.New("tls: unknown certificate authority")}, "set ClientCertificate"},
		{"its alert is lost", errors.New("http2: client conn could not be established"), "client certificate, set ClientCertificate"},
		{"another alert", &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}, ""},
		{"no error", nil, ""},
		{"no answer in time", context.DeadlineExceeded, "Config.Timeout is 7s"},
	} {
		if hint := endpoint.Hint(tt.err, 7*time.Second); !strings.Contains(hint, tt.want) || (hint == "") != (tt.want == "") {
			t.Errorf("%s: the hint is %q, want %q in it", tt.name, hint, tt.want)
		}
	}
	if hint := endpoint.Hint(context.DeadlineExceeded, 0); hint != "" {
		t.Errorf("without a timeout the hint is %q", hint)
	}
}

// LG-06: a scheme that does not fit the port, with the servers of the world.
func TestSchemeThatDoesNotFit(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	answers := func(body string) string {
		return rawServer(t, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"+body)
	}
	const toHTTPS, toPort = "put https:// in front", "use the server's TLS port"
	for _, tt := range []struct{ name, url, want string }{
		{"http to Go's TLS port", "http" + strings.TrimPrefix(secure.URL, "https"), toHTTPS},
		{"http to nginx", answers("<center>The plain HTTP request was sent to HTTPS port</center>"), toHTTPS},
		{"http to Apache", answers("You're speaking plain HTTP to an SSL-enabled server port."), toHTTPS},
		{"http to Tomcat", answers("This combination of host and port requires TLS."), toHTTPS},
		{"http to a server that sends an alert", rawServer(t, "\x15\x03\x01\x00\x02\x02\x16"), toHTTPS},
		{"https to an HTTP port", "https" + strings.TrimPrefix(plain.URL, "http"), toPort},
		{"https to a port of something else", "https" + strings.TrimPrefix(banner(t), "http"), toPort},
		{"http to an HTTP port", plain.URL, ""},
		{"400 with another text", answers("bad request"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := endpoint.New(endpoint.Options{URL: tt.url + "/token"}).Post(t.Context(), url.Values{}, nil)
			if tt.want == "" {
				if err != nil || res.Status < 400 {
					t.Errorf("Post = %v, %v, want the answer", res, err)
				}
				return
			}
			if hint := endpoint.Hint(err, time.Second); err == nil || !strings.Contains(hint, tt.want) {
				t.Errorf("Post: %v (%s), want a hint with %q", err, hint, tt.want)
			}
		})
	}
}

// banner is a server that speaks first, and neither TLS nor HTTP.
func banner(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "220 mail.example.com ESMTP ready\r\n")
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	return "http://" + ln.Addr().String()
}

// LG-11: the text of an error is withheld where it repeats a secret, and only there.
func TestWithheldOnlyWhereASecretIsRepeated(t *testing.T) {
	noHost := func(host string) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	const long = "correct-horse-battery"
	for _, tt := range []struct {
		name, secret, host string
		err                error
		shown              bool
	}{
		{"a short secret in the host", "test", "mfp-test.example.com", noHost("mfp-test.example.com"), true},
		{"in front in the host", "mfp", "mfp.example.com", noHost("mfp.example.com"), true},
		{"at the end of the host", "com", "mfp.example.com", noHost("mfp.example.com"), true},
		{"the host", "mfp", "mfp", noHost("mfp"), true},
		{"a long one in the host", "example.com", "mfp.example.com", noHost("mfp.example.com"), true},
		{"in another host's name", "test", "mfp.example.com", noHost("proxy-test.example.com"), true},
		{"in a word", "test", "mfp.example.com", errors.New("the latest try failed"), true},
		{"in the usual words", "host", "mfp.example.com", noHost("mfp.example.com"), true},
		{"tcp", "tcp", "mfp.example.com", noHost("mfp.example.com"), true},
		{"as a word", "test", "mfp-test.example.com", errors.New("sent id:test to mfp-test.example.com"), false},
		{"as a word at the end", "test", "mfp.example.com", errors.New("sent test."), false},
		{"as a form value", "test", "mfp.example.com", errors.New("client_secret=test&x=1"), false},
		{"in a form that is escaped", "test", "mfp.example.com", errors.New("auth=id%3Atest"), false},
		{"short ones of one letter", "x", "mfp.example.com", errors.New("sent x"), false},
		{"a long one", long, "mfp.example.com", errors.New("sent " + long), false},
		{"a long one in a word", long, "mfp.example.com", errors.New("xx" + long + "xx"), false},
		{"a long one after the host", "example.com-" + long, "mfp.example.com", errors.New("mfp.example.com-" + long), false},
		{"a long one after a harmless place", "example.com", "mfp.example.com", errors.New("mfp.example.com refused example.com"), false},
		{"the credentials of Basic", "pw", "mfp.example.com", errors.New("header Basic aWQ6cHc="), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			auth := clientauth.New(clientauth.BasicRaw, "id", func(context.Context) (string, error) { return tt.secret, nil })
			c := endpoint.New(endpoint.Options{
				URL: "https://" + tt.host + "/token", Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, tt.err }),
			})
			_, err := c.Once(t.Context(), url.Values{}, auth)
			if err == nil || strings.Contains(err.Error(), "withheld") == tt.shown {
				t.Errorf("Once: %v, want the text shown: %v", err, tt.shown)
			}
		})
	}
}
