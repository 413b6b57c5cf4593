package tokensource_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/selfsigned"
	"github.com/mfpguard/mfpguard/tokensource"
)

// gatekeeper is a token endpoint behind TLS that verifies the certificates of its clients.
type gatekeeper struct {
	URL, CAFile      string
	closeConnections func()

	mu   sync.Mutex
	seen []gateRequest
}

type gateRequest struct {
	cert          *x509.Certificate
	authorization string
	form          url.Values
}

// newGatekeeper starts one that lets these clients in.
func newGatekeeper(t testing.TB, clients ...tls.Certificate) *gatekeeper {
	return newGatekeeperOf(t, tls.VersionTLS13, clients...)
}

// newGatekeeperOf is newGatekeeper for one version of TLS.
func newGatekeeperOf(t testing.TB, version uint16, clients ...tls.Certificate) *gatekeeper {
	t.Helper()
	own := certificate(t)
	g := &gatekeeper{CAFile: filepath.Join(t.TempDir(), "ca.pem")}
	writePair(t, own, g.CAFile, filepath.Join(t.TempDir(), "unused.pem"))
	known := x509.NewCertPool()
	for _, c := range clients {
		known.AddCert(c.Leaf)
	}
	s := httptest.NewUnstartedServer(g)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: known, MaxVersion: version}
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	g.URL, g.closeConnections = s.URL+"/token", s.CloseClientConnections
	return g
}

func (g *gatekeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, gateRequest{r.TLS.PeerCertificates[0], r.Header.Get("Authorization"), r.PostForm})
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"access_token":"t0k3n","token_type":"Bearer","expires_in":300}`)
}

func (g *gatekeeper) last() gateRequest {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[len(g.seen)-1]
}

func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	c, err := selfsigned.Certificate(time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), "127.0.0.1")
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
	for file, content := range map[string][]byte{certFile: cert, keyFile: key} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func present(c *tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
}

// CC-56: the certificate is presented, and the body has the id and no secret; beside a secret or a key nothing changes.
func TestClientCertificate(t *testing.T) {
	client, key := certificate(t), newKey(t)
	g := newGatekeeper(t, client)
	own := &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{client}}}
	base, err := tokensource.NewTransport(g.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	own.TLSClientConfig.RootCAs = base.TLSClientConfig.RootCAs
	for _, tt := range []struct {
		name string
		edit func(*tokensource.Config)
		form []string // its parameters beside grant_type
		auth bool     // an Authorization field
	}{
		{"alone", func(*tokensource.Config) {}, []string{"client_id"}, false},
		{"by name", func(c *tokensource.Config) { c.ClientAuth = tokensource.TLSClientAuth }, []string{"client_id"}, false},
		{"of the program's transport", func(c *tokensource.Config) {
			c.ClientCertificate, c.CAFile, c.Transport, c.ClientAuth = nil, "", own, tokensource.TLSClientAuth
		}, []string{"client_id"}, false},
		{"beside a secret", func(c *tokensource.Config) { c.ClientSecret = "s3cret" }, nil, true},
		{"beside a secret in the form", func(c *tokensource.Config) { c.ClientSecret, c.ClientAuth = "s3cret", tokensource.Post }, []string{"client_id", "client_secret"}, false},
		{"beside a key", func(c *tokensource.Config) {
			c.ClientAssertion = &tokensource.ClientAssertion{Key: key, Audience: "https://as.test"}
		}, []string{"client_id", "client_assertion", "client_assertion_type"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := tokensource.Config{TokenURL: g.URL, ClientID: "rs1", CAFile: g.CAFile, ClientCertificate: present(&client)}
			tt.edit(&c)
			token(t, newSource(t, c))
			got := g.last()
			if !got.cert.Equal(client.Leaf) || (got.authorization != "") != tt.auth || len(got.form) != len(tt.form)+1 {
				t.Errorf("sent Authorization %q and %v, want %q in the form", got.authorization, got.form, tt.form)
			}
			for _, name := range tt.form {
				if !got.form.Has(name) || name == "client_id" && got.form.Get(name) != "rs1" {
					t.Errorf("the form %v lacks %s", got.form, name)
				}
			}
		})
	}
}

// CC-56: a client without the right certificate is told what to set.
func TestClientCertificateRefused(t *testing.T) {
	g := newGatekeeperOf(t, tls.VersionTLS12, certificate(t)) // with 1.3, the alert may come after the request
	stranger := certificate(t)
	for _, tt := range []struct {
		name, want string
		config     tokensource.Config
	}{
		{"none", "remote error: tls: ", tokensource.Config{ClientSecret: "s3cret"}},
		{"another", "the server wants a client certificate that it knows: set ClientCertificate", tokensource.Config{ClientCertificate: present(&stranger)}},
	} {
		tt.config.TokenURL, tt.config.ClientID, tt.config.CAFile = g.URL, "rs1", g.CAFile
		tt.config.Logger = slog.New(slog.DiscardHandler)
		if _, err := newSource(t, tt.config).Token(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Token: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// CC-57: the next connection presents what the function, or the files, have by then.
func TestClientCertificateRotation(t *testing.T) {
	first, second := certificate(t), certificate(t)
	g := newGatekeeper(t, first, second)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, first, certFile, keyFile)
	files := tokensource.CertificateFiles(certFile, keyFile)
	config := tokensource.Config{TokenURL: g.URL, ClientID: "rs1", CAFile: g.CAFile, ClientCertificate: files}
	token(t, newSource(t, config))
	if !g.last().cert.Equal(first.Leaf) {
		t.Error("the first certificate is not presented")
	}
	writePair(t, second, certFile, keyFile)
	config.ClientCertificate = tokensource.CertificateFiles(certFile, keyFile) // need not wait for its next look
	token(t, newSource(t, config))
	if !g.last().cert.Equal(second.Leaf) {
		t.Error("the second certificate is not presented")
	}

	var now atomic.Pointer[tls.Certificate]
	config.ClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return now.Load(), nil }
	src := newSource(t, config)
	for _, cert := range []*tls.Certificate{&first, &second} {
		now.Store(cert)
		src.Invalidate(token(t, src))
		if !g.last().cert.Equal(cert.Leaf) {
			t.Error("another certificate is presented")
		}
		g.closeConnections()
	}
}

// CC-55, CC-56: what cannot be meant is told.
func TestNewRefusesCertificates(t *testing.T) {
	cert := certificate(t)
	for _, tt := range []struct {
		name string
		edit func(*tokensource.Config)
		want string
	}{
		{"a certificate", func(*tokensource.Config) {}, ""},
		{"a colon in the id", func(c *tokensource.Config) { c.ClientID = "a:b" }, ""},
		{"no id", func(c *tokensource.Config) { c.ClientID = "" }, "Config.ClientID is empty"},
		{"a Basic client without a secret", func(c *tokensource.Config) { c.ClientAuth = tokensource.Basic }, "Config.ClientSecret is empty"},
		{"by name, without any", func(c *tokensource.Config) {
			c.ClientAuth, c.ClientCertificate = tokensource.TLSClientAuth, nil
		}, `Config.ClientAuth is "tls_client_auth", and there is no certificate: set ClientCertificate, or a Transport that has one`},
		{"by name, with a transport", func(c *tokensource.Config) {
			c.ClientAuth, c.ClientCertificate, c.Transport = tokensource.TLSClientAuth, nil, &http.Transport{}
		}, ""},
		{"by name, beside a secret", func(c *tokensource.Config) {
			c.ClientAuth, c.ClientSecret = tokensource.TLSClientAuth, "canary"
		}, `Config.ClientAuth is "tls_client_auth", which sends no secret, and Config.ClientSecret is set: remove one of them`},
		{
			"beside a transport", func(c *tokensource.Config) { c.Transport = &http.Transport{} },
			"Config.ClientCertificate and Config.Transport are both set: let the Transport's TLSClientConfig have it, as GetClientCertificate",
		},
		{"without TLS", func(c *tokensource.Config) { c.TokenURL = "http://127.0.0.1/token" }, "Config.TokenURL is http://, where no certificate is presented: use https"},
		{"without TLS, beside a secret", func(c *tokensource.Config) { c.TokenURL, c.ClientSecret = "http://127.0.0.1/token", "canary" }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := tokensource.Config{TokenURL: "https://as.test/token", ClientID: "rs1", ClientCertificate: present(&cert)}
			tt.edit(&c)
			_, err := tokensource.New(c)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != "tokensource: "+tt.want) {
				t.Errorf("got  %v\nwant tokensource: %s", err, tt.want)
			}
		})
	}
}
