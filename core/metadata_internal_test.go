package core

import (
	"net/url"
	"strings"
	"testing"
)

// MD-03, MD-09, MD-10, MD-14, MD-18, A15, A62: whatever a document says, what is read is of the
// issuer that was asked for, and no address leaves its host.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i","token_endpoint":"https://as.test/t","jwks_uri":"https://as.test/k"}`,
		`{"issuer":"https://as.test","introspection_endpoint":"https://b.test:8443/i"}`,
		`{"issuer":"https://as.test","mtls_endpoint_aliases":{"introspection_endpoint":"https://as.test:443/m","token_endpoint":"https://as.test/n"}}`,
		`{"issuer":"https://as.test","introspection_signing_alg_values_supported":["none","RS256","HS256"],"introspection_endpoint_auth_methods_supported":["Bearer"]}`,
		`{"issuer":"https://as.test","introspection_endpoint":"https://as.test@evil.test/i"}`,
		`{"issuer":"https://as.test","introspection_endpoint":"https:\/\/as.test\\@evil.test\/i"}`,
		`{"issuer":"https://as.test","introspection_endpoint":"https://169.254.169.254/i"}`,
		`{"issuer":"https://as.test","issuer":"https://as.test"}`,
		`{"issuer":"https://as.test/"}`,
		`{"issuer":null}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	issuer, err := checkIssuer("https://as.test")
	if err != nil {
		f.Fatal(err)
	}
	h, err := newHosts(issuer, []string{"b.test:8443"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := readMetadata(body, "https://as.test", h)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("the error has control characters: %q", err)
			}
			return
		}
		if m.Issuer != "https://as.test" || !strings.Contains(string(body), "as.test") && !strings.Contains(string(body), `\u`) {
			t.Errorf("%q is of %q", body, m.Issuer)
		}
		for _, address := range []string{m.IntrospectionURL, m.TokenURL, m.JWKSURL, m.TLSIntrospectionURL, m.TLSTokenURL} {
			u, err := url.Parse(address)
			if address != "" && (err != nil || u.Scheme != "https" || u.User != nil ||
				!strings.EqualFold(u.Host, "as.test") && !strings.EqualFold(u.Host, "as.test:443") && !strings.EqualFold(u.Host, "b.test:8443")) {
				t.Errorf("%q: %q is no place for an endpoint", body, address)
			}
		}
		for _, alg := range m.IntrospectionAlgs {
			if strings.EqualFold(alg, "none") || strings.HasPrefix(strings.ToUpper(alg), "HS") {
				t.Errorf("%q: the algorithm %q", body, alg)
			}
		}
		if len(m.TokenAuthMethods) == 0 {
			t.Error("no method at the token endpoint")
		}
	})
}

// MT-12: clients with a TLS certificate ask at the alias, if there is one; others do not.
func TestIntrospectionAlias(t *testing.T) {
	both := &Metadata{IntrospectionURL: "https://as.test/i", TLSIntrospectionURL: "https://as.test/mtls"}
	one := &Metadata{IntrospectionURL: "https://as.test/i"}
	for _, tt := range []struct {
		m       *Metadata
		methods []string
		want    string
	}{
		{both, []string{tlsClientAuth, selfSignedTLS}, "https://as.test/mtls"},
		{both, []string{selfSignedTLS}, "https://as.test/mtls"},
		{both, []string{clientSecretBasic}, "https://as.test/i"},
		{both, []string{bearerToken}, "https://as.test/i"},
		{both, nil, "https://as.test/i"},
		{one, []string{tlsClientAuth}, "https://as.test/i"},
		{&Metadata{}, []string{tlsClientAuth}, ""},
	} {
		if got := tt.m.introspectionFor(tt.methods); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.methods, got, tt.want)
		}
	}
}
