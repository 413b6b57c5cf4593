package core_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// MD-14: a server that signs with no usable algorithm cannot sign answers for us.
func TestMetadataAndSignedAnswers(t *testing.T) {
	for list, want := range map[string]string{
		`["RS256","ES512"]`: "<nil>", `["ES512"]`: "core: RFC7662Config.JWTAnswers are signed by the server with none of", `["none"]`: "core: RFC7662Config.JWTAnswers are signed",
	} {
		m := discover(t, asTest, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i","jwks_uri":"https://as.test/jwks",
			"introspection_signing_alg_values_supported":`+list+`}`)
		_, err := core.New(withMetadata(m, newAsker(), func(c *core.RFC7662Config) { c.JWTAnswers = &core.JWTAnswers{} }))
		if got := fmt.Sprint(err); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", list, got, want)
		}
	}
}

// MD-11, MT-12: keys and certificates are ways to authenticate, too, and a certificate asks at the
// alias.
func TestMetadataAndOtherCredentials(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	byKey := func(c *core.Config) {
		c.ClientSecret, c.ClientAssertion = "", &tokensource.ClientAssertion{Key: key}
	}
	for _, tt := range []struct {
		name, list string
		certified  bool   // the Transport presents a certificate
		want       string // in the error, or where was asked
	}{
		{"a key", `["private_key_jwt"]`, false, "https://as.test/introspect"},
		{"no key", `["client_secret_basic"]`, false, "means private_key_jwt, and the server supports"},
		{"a certificate", `["tls_client_auth"]`, true, "https://as.test/mtls"},
		{"a certificate of its own", `["self_signed_tls_client_auth"]`, true, "https://as.test/mtls"},
		{"no certificate", `["private_key_jwt"]`, true, "means tls_client_auth or self_signed_tls_client_auth, and the server supports"},
	} {
		m := discover(t, asTest, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/introspect",
			"introspection_endpoint_auth_methods_supported":`+tt.list+`,
			"mtls_endpoint_aliases":{"introspection_endpoint":"https://as.test/mtls"}}`)
		a := newAsker()
		a.set(t1, `{"active":true,"iss":"https://as.test"}`)
		c := withMetadata(m, a, func(c *core.RFC7662Config) {
			if tt.certified {
				c.ClientAuth = tokensource.TLSClientAuth
			}
		})
		if c.ClientSecret = ""; !tt.certified {
			byKey(&c)
		}
		v, err := core.New(c)
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			}
			continue
		}
		if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d != nil || a.asked[0].url != tt.want || a.asked[0].id != "rs1" {
			t.Errorf("%s: %s, asked %+v, want %s", tt.name, outcome(d), a.asked, tt.want)
		}
	}
}
