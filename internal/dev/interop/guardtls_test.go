package interop_test

import (
	"crypto/tls"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// mintTLS gets a token with the self-signed certificate, without mfpguard.
func (s *tlsServer) mintTLS(t *testing.T, scope string) string {
	t.Helper()
	via := &http.Client{Transport: s.transport(t, &s.own)}
	a := ask(t, via, s.mtls.token, "application/json", "grant_type", "client_credentials", "client_id", s.single.ID, "scope", scope)
	token, ok := a.member("access_token").(string)
	if !ok {
		t.Fatalf("the token endpoint answers %d %s", a.status, a.body)
	}
	return token
}

// SV-05, CC-56
func TestGuardWithACertificate(t *testing.T) {
	s := newTLSServer(t)
	vouched := forClient(t, "orders-api", s.authority)
	other := forClient(t, "other-api", s.authority)
	foreign := forClient(t, "orders-api", nil)
	caFile := s.caFile(t)
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
			v := newVerifier(t, core.RFC7662Config{IntrospectionURL: s.mtls.introspection, AnyAudience: true},
				core.Config{ClientID: tt.client.ID, ClientCertificate: presenting(&now), CAFile: caFile})
			if !tt.good {
				wantNotReady(t, v, core.EndpointError{Endpoint: "introspection", URL: s.mtls.introspection, Status: http.StatusUnauthorized}, "does not accept our credentials")
				wantStatus(t, v, read, s.mintTLS(t, "read"), http.StatusServiceUnavailable)
				return
			}
			if err := v.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantStatus(t, v, read, s.mintTLS(t, "read"), http.StatusOK)
			wantStatus(t, v, read, "nobody-s-token", http.StatusUnauthorized)
		})
	}
}

// A new certificate is presented without a restart, and soon: connections with one that was refused
// are not used again. CC-57
func TestCertificateIsRotated(t *testing.T) {
	s := newTLSServer(t)
	good, other := forClient(t, "orders-api", s.authority), forClient(t, "other-api", s.authority)
	var now atomic.Pointer[tls.Certificate]
	now.Store(&other)
	v := newVerifier(t, core.RFC7662Config{IntrospectionURL: s.mtls.introspection, AnyAudience: true},
		core.Config{ClientID: s.subject.ID, ClientCertificate: presenting(&now), CAFile: s.caFile(t)})
	token := s.mintTLS(t, "read")
	wantStatus(t, v, read, token, http.StatusServiceUnavailable)
	now.Store(&good)
	wantStatus(t, v, read, token, http.StatusOK)
}

// The endpoints for certificates come from the metadata. SV-05, SV-07, MT-12
func TestGuardOfMetadataWithACertificate(t *testing.T) {
	s := newTLSServer(t)
	m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: s.issuer, CAFile: s.caFile(t), AllowedHosts: []string{s.mtlsHost()}})
	if err != nil {
		t.Fatal(err)
	}
	good := forClient(t, "orders-api", s.authority)
	var now atomic.Pointer[tls.Certificate]
	now.Store(&good)
	v := newVerifier(t, core.RFC7662Config{Metadata: m, AnyAudience: true},
		core.Config{ClientID: s.subject.ID, ClientCertificate: presenting(&now), CAFile: s.caFile(t)})
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, v, read, s.mintTLS(t, "read"), http.StatusOK)
}
