package interop_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// tlsClient is a client that oidc-provider knows by the subject of its certificate.
func tlsClient(id, subject string) client {
	c := newClient(id, "")
	c.Metadata = map[string]any{"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": subject}
	return c
}

// selfSignedClient is a client that oidc-provider knows by its very certificate.
func selfSignedClient(id string, own tls.Certificate) client {
	c := newClient(id, "")
	c.Metadata = map[string]any{
		"token_endpoint_auth_method": "self_signed_tls_client_auth",
		"jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: own.Leaf.PublicKey, Certificates: []*x509.Certificate{own.Leaf}},
		}},
	}
	return c
}

// tlsServer is an oidc-provider behind TLS.
type tlsServer struct {
	*provider
	authority *authority      // of the certificates of the server, and of clients
	own       tls.Certificate // self-signed, of the client "self-signed"
	subject   client          // with certificates for "CN=orders-api"
	single    client          // with own
}

// newTLSServer runs an oidc-provider behind TLS.
func newTLSServer(t *testing.T) *tlsServer {
	t.Helper()
	a := newAuthority(t)
	c := template("oidc-provider")
	c.ExtKeyUsage, c.IPAddresses = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, []net.IP{net.IPv4(127, 0, 0, 1)}
	cert, key, err := pemOf(sign(t, c, a))
	if err != nil {
		t.Fatal(err)
	}
	ca, _, err := pemOf(tls.Certificate{Certificate: [][]byte{a.certificate.Raw}, PrivateKey: a.key})
	if err != nil {
		t.Fatal(err)
	}
	own := forClient(t, "self-signed", nil)
	s := &tlsServer{authority: a, own: own, subject: tlsClient("tls-client", "CN=orders-api"), single: selfSignedClient("self-signed", own)}
	all := append(append(clients(), keyClients()...), s.subject, s.single)
	s.provider = newProvider(t, providerConfig{Clients: all, JWKS: privateKeys(signingKeys), TLS: &providerTLS{Cert: cert, Key: key, CA: ca}})
	return s
}

// roots is who may vouch for the server.
func (s *tlsServer) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.authority.certificate)
	return pool
}

// caFile is a file with who may vouch for the server.
func (s *tlsServer) caFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.authority.certificate.Raw})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// mtlsHost is where the server asks for certificates.
func (s *tlsServer) mtlsHost() string {
	u, _ := url.Parse(s.mtls.token)
	return u.Host
}

// transport presents a certificate, nil for none.
func (s *tlsServer) transport(t *testing.T, c *tls.Certificate) *http.Transport {
	t.Helper()
	config := &tls.Config{RootCAs: s.roots()}
	if c != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// Without "client_id" in the form there is no client at all. SV-05, CC-56
func TestProviderTakesCertificates(t *testing.T) {
	s := newTLSServer(t)
	good := forClient(t, "orders-api", s.authority)
	other := forClient(t, "other-api", s.authority)
	foreign := forClient(t, "orders-api", nil)
	tests := []struct {
		name        string
		client      string
		certificate *tls.Certificate
		status      int
	}{
		{"an authority vouches for the subject", s.subject.ID, &good, 200},
		{"another subject", s.subject.ID, &other, 401},
		{"another authority", s.subject.ID, &foreign, 401},
		{"none", s.subject.ID, nil, 401},
		{"self-signed and known", s.single.ID, &s.own, 200},
		{"self-signed and unknown", s.single.ID, &foreign, 401},
		{"without a client id", "", &good, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pairs := []string{"grant_type", "client_credentials", "scope", "read"}
			if tt.client != "" {
				pairs = append(pairs, "client_id", tt.client)
			}
			via := &http.Client{Transport: s.transport(t, tt.certificate)}
			a := ask(t, via, s.mtls.token, "application/json", pairs...)
			if a.status != tt.status {
				t.Fatalf("the token endpoint answers %d %s, want %d", a.status, a.body, tt.status)
			}
			if tt.status != http.StatusOK {
				return
			}
			token := a.member("access_token").(string)
			a = ask(t, via, s.mtls.introspection, "application/json", "token", token, "client_id", tt.client)
			if a.member("active") != true || a.member("client_id") != tt.client {
				t.Errorf("the introspection endpoint answers %d %s", a.status, a.body)
			}
		})
	}
}
