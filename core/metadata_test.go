package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// MD-09, MD-10, A62: where an endpoint may be.
func TestDiscoveredEndpoints(t *testing.T) {
	const issuer, loopback, link = "https://as.test", "http://127.0.0.1:8080", "https://169.254.1.1"
	for _, tt := range []struct {
		issuer, address string
		allowed         []string
		want            string // "" if it may
	}{
		{issuer, "https://as.test/introspect", nil, ""},
		{issuer, "https://AS.test:443/introspect?tenant=a", nil, ""},
		{issuer, "http://as.test/introspect", nil, "is http://"},
		{issuer, "http://127.0.0.1/introspect", []string{"127.0.0.1:80"}, "is http://"},
		{issuer, "https://169.254.169.254/i", nil, "is on 169.254.169.254, an address of the link"},
		{issuer, "https://[::ffff:169.254.169.254]/i", nil, "is on ::ffff:169.254.169.254, an address of the link"},
		{issuer, "https://[::ffff:100.100.100.200]/i", nil, "is on ::ffff:100.100.100.200, an address of"},
		{issuer, "https://[fe80::1]/i", nil, "is on fe80::1, an address of"},
		{issuer, "https://[fd00:ec2::254]/i", nil, "is on fd00:ec2::254, an address of"},
		{issuer, "https://0.0.0.0/i", nil, "is on 0.0.0.0, an address of"},
		{issuer, "https://224.0.0.1/i", nil, "is on 224.0.0.1, an address of"},
		{issuer, "https://127.0.0.1/i", nil, "AllowedHosts"},
		{issuer, "https://evil.test/i", nil, "is on evil.test, not on the issuer's host"},
		{issuer, "https://as.test:8443/i", nil, "is on as.test:8443"},
		{issuer, "https://as.test.evil.test/i", nil, "AllowedHosts"},
		{issuer, "https://as.test./i", nil, "AllowedHosts"},
		{issuer, "https://b.test/i", []string{"a.test", "b.test"}, ""},
		{issuer, "https://b.test:8443/i", []string{"b.test"}, "AllowedHosts"},
		{issuer, "https://b.test:8443/i", []string{"B.test:8443"}, ""},
		{issuer, "https://u:p@as.test/i", nil, "carries user information"},
		{issuer, "https://as.test/i#x", nil, "has a fragment"},
		{issuer, "/introspect", nil, "has no"},
		{issuer, "file:///etc/passwd", nil, "has no host"},
		{issuer, "ftp://as.test/i", nil, "has scheme"},
		{link, "https://169.254.1.1/i", nil, ""},
		{link, "https://169.254.169.254/i", nil, "is on 169.254.169.254, an address of the link"},
		{loopback, "http://127.0.0.1:8080/i", nil, ""},
		{loopback, "https://127.0.0.1:8080/i", nil, ""},
		{loopback, "http://127.0.0.1:8081/i", nil, "AllowedHosts"},
		{loopback, "http://10.0.0.1/i", []string{"10.0.0.1:80"}, "is http://"},
	} {
		for _, member := range []string{
			`"introspection_endpoint":`, `"token_endpoint":`, `"jwks_uri":`,
			`"mtls_endpoint_aliases":{"introspection_endpoint":`, `"mtls_endpoint_aliases":{"token_endpoint":`,
		} {
			doc := `{"issuer":"` + tt.issuer + `",` + member + `"` + tt.address + `"` + strings.Repeat("}", strings.Count(member, "{")) + "}"
			m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: tt.issuer, AllowedHosts: tt.allowed, Transport: published(doc, nil)})
			if tt.want == "" {
				if err != nil {
					t.Errorf("%s: %v", doc, err)
				} else if got := m.IntrospectionURL + m.TokenURL + m.JWKSURL + m.TLSIntrospectionURL + m.TLSTokenURL; got != tt.address {
					t.Errorf("%s: got %q", doc, got)
				}
				continue
			}
			if m != nil || err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "u:p") {
				t.Errorf("%s: got %v, want %q", doc, err, tt.want)
			}
		}
	}
}

// MD-10: one error names all the hosts to allow.
func TestDiscoverNamesAllHosts(t *testing.T) {
	doc := `{"issuer":"https://as.test","introspection_endpoint":"https://a.test/i","token_endpoint":"https://b.test/t","jwks_uri":"https://as.test/k"}`
	_, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: "https://as.test", Transport: published(doc, nil)})
	if err == nil || !strings.Contains(err.Error(), "introspection_endpoint is on a.test") || !strings.Contains(err.Error(), "token_endpoint is on b.test") {
		t.Errorf("got %v", err)
	}
}

// MD-18: what an error shows of a document is bounded.
func TestDiscoverErrorsAreShort(t *testing.T) {
	long := strings.Repeat("a", 20_000)
	for _, address := range []string{long + "://as.test/i", "https://" + long + "/i", "https://as.test:" + long, "https://as.test/" + long + "#"} {
		doc := `{"issuer":"https://as.test","introspection_endpoint":"` + address + `"}`
		_, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: "https://as.test", Transport: published(doc, nil)})
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("%.30s: an error of %d bytes", address, len(fmt.Sprint(err)))
		}
	}
	doc := `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i","introspection_endpoint_auth_methods_supported":["` +
		strings.Repeat(`x","`, 20_000) + `y"]}`
	_, err := core.New(withMetadata(discover(t, asTest, doc), newAsker(), func(*core.RFC7662Config) {}))
	if err == nil || len(err.Error()) > 2000 {
		t.Errorf("an error of %d bytes", len(fmt.Sprint(err)))
	}
}

// MD-13, MD-14: the lists of a document.
func TestDiscoveredLists(t *testing.T) {
	for _, tt := range []struct {
		name, members              string
		introspection, token, algs []string
		want                       string // of the error
	}{
		{"no lists", `"x":1`, nil, []string{"client_secret_basic"}, nil, ""},
		{"null", `"token_endpoint_auth_methods_supported":null`, nil, []string{"client_secret_basic"}, nil, ""},
		{"empty", `"token_endpoint_auth_methods_supported":[],"introspection_endpoint_auth_methods_supported":[]`, nil, []string{"client_secret_basic"}, nil, ""},
		{
			"all", `"introspection_endpoint_auth_methods_supported":["Bearer","private_key_jwt"],"token_endpoint_auth_methods_supported":["none"],"introspection_signing_alg_values_supported":["RS256","ES256"]`,
			[]string{"Bearer", "private_key_jwt"},
			[]string{"none"},
			[]string{"RS256", "ES256"},
			"",
		},
		{"none among others", `"introspection_signing_alg_values_supported":["none","PS256","HS256","hs512","None"]`, nil, []string{"client_secret_basic"}, []string{"PS256"}, ""},
		{"none alone", `"introspection_signing_alg_values_supported":["none"]`, nil, []string{"client_secret_basic"}, []string{}, ""},
		{"a list of numbers", `"introspection_endpoint_auth_methods_supported":[1]`, nil, nil, nil, "introspection_endpoint_auth_methods_supported is"},
		{"an object", `"token_endpoint_auth_methods_supported":{}`, nil, nil, nil, "want a string or an array"},
		{"an address that is no string", `"jwks_uri":1`, nil, nil, nil, `"jwks_uri" is a number`},
		{"aliases that are no object", `"mtls_endpoint_aliases":"x"`, nil, nil, nil, "is a string"},
		{"an endpoint that is empty", `"introspection_endpoint":"","jwks_uri":null`, nil, []string{"client_secret_basic"}, nil, ""},
	} {
		m, err := core.Discover(t.Context(), core.DiscoverConfig{
			Issuer: "https://as.test", Transport: published(`{"issuer":"https://as.test",`+tt.members+`}`, nil),
		})
		if tt.want != "" {
			if m != nil || err == nil || !strings.Contains(err.Error(), tt.want) && !strings.Contains(err.Error(), "a member with a long name is") {
				t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
			}
			continue
		}
		if err != nil || !slices.Equal(m.IntrospectionAuthMethods, tt.introspection) || !slices.Equal(m.TokenAuthMethods, tt.token) ||
			!slices.Equal(m.IntrospectionAlgs, tt.algs) || (m.IntrospectionAlgs == nil) != (tt.algs == nil) {
			t.Errorf("%s: got %+v, %v", tt.name, m, err)
		}
	}
}
