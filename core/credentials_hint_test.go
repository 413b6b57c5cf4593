package core_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
	"github.com/mfpguard/mfpguard/tokensource"
)

// SV-05: a server that refuses a key or a certificate leads to what is to be checked of these.
func TestRefusedCredentialsHaveAHint(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	assertion := func(context.Context) (tokensource.Secret, error) { return "a.b.c", nil }
	for name, tt := range map[string]struct {
		set  func(*core.Config, *core.RFC7662Config)
		want string // in the error; "" for the end of the usual hint
	}{
		"a secret": {func(c *core.Config, _ *core.RFC7662Config) { c.ClientSecret = "s3cret" }, "may not introspect)"},
		"a key": {func(c *core.Config, _ *core.RFC7662Config) {
			c.ClientAssertion = &tokensource.ClientAssertion{Key: key, Audience: "x"}
		}, "check the public key and its name"},
		"an assertion": {func(c *core.Config, _ *core.RFC7662Config) {
			c.ClientAssertion = &tokensource.ClientAssertion{Func: assertion}
		}, "check the assertion that ClientAssertion.Func returns"},
		"a certificate": {func(_ *core.Config, p *core.RFC7662Config) { p.ClientAuth = tokensource.TLSClientAuth }, "check which certificates"},
	} {
		p := core.RFC7662Config{IntrospectionURL: "https://as.test/i", AnyAudience: true}
		c := core.Config{ClientID: "rs1", Transport: roundtrip.Func(func(r *http.Request) (*http.Response, error) {
			return response(r, 401, "application/json", `{"error":"invalid_client"}`), nil
		})}
		tt.set(&c, &p)
		c.Profile = core.RFC7662(p)
		if err := verifier(t, c).Ready(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
