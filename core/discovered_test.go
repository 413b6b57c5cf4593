package core_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

const asTest = "https://as.test"

// withMetadata describes a Verifier whose server has published this.
func withMetadata(m *core.Metadata, a http.RoundTripper, change ...func(*core.RFC7662Config)) core.Config {
	c := core.RFC7662Config{Metadata: m, AnyAudience: true}
	for _, f := range change {
		f(&c)
	}
	return core.Config{Profile: core.RFC7662(c), ClientID: "rs1", ClientSecret: "s3cret", Transport: a}
}

// SV-07: the addresses and the issuer come from the metadata, and tokens of other issuers are
// refused.
func TestVerifierOfMetadata(t *testing.T) {
	m := discover(t, asTest, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/introspect",
		"mtls_endpoint_aliases":{"introspection_endpoint":"https://as.test/mtls"}}`)
	a := newAsker()
	a.set(t1, `{"active":true,"iss":"https://as.test"}`)
	a.set("T2", `{"active":true,"iss":"https://as.test/"}`)
	a.set("T3", `{"active":true}`)
	v := verifier(t, withMetadata(m, a))
	for token, want := range map[string]string{t1: "ok", "T2": `401 Bearer realm="api", error="invalid_token"`, "T3": `401 Bearer realm="api", error="invalid_token"`} {
		if _, d := authorize(t.Context(), v, bearer(token), core.Authenticated()); outcome(d) != want {
			t.Errorf("%s: got %s, want %s", token, outcome(d), want)
		}
	}
	for _, q := range a.asked {
		if q.url != "https://as.test/introspect" { // MT-12: the alias is for TLS client authentication
			t.Errorf("asked at %s", q.url)
		}
	}
}

// MD-08: metadata without an introspection endpoint is no mistake if the address is given by hand.
func TestMetadataWithoutIntrospection(t *testing.T) {
	for _, member := range []string{`"x":1`, `"introspection_endpoint":""`, `"introspection_endpoint":null`} {
		m := discover(t, asTest, `{"issuer":"https://as.test",`+member+`}`)
		v, err := core.New(withMetadata(m, newAsker()))
		e, _ := errors.AsType[*core.ConfigError](err)
		if v != nil || !errors.Is(err, core.ErrNoIntrospectionEndpoint) || e == nil || e.Field != "RFC7662Config.IntrospectionURL" ||
			!strings.HasSuffix(err.Error(), "set IntrospectionURL by hand") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", member, err)
		}
		a := newAsker()
		a.set(t1, `{"active":true,"iss":"https://as.test"}`)
		byHand := verifier(t, withMetadata(m, a, func(c *core.RFC7662Config) { c.IntrospectionURL = "https://elsewhere.test/i" }))
		if _, d := authorize(t.Context(), byHand, bearer(t1), core.Authenticated()); d != nil || a.asked[0].url != "https://elsewhere.test/i" {
			t.Errorf("%s, by hand: got %s at %s", member, outcome(d), a.asked[0].url)
		}
	}
}

// SV-07: what contradicts the metadata is a mistake.
func TestContradictionsOfMetadata(t *testing.T) {
	m := discover(t, asTest, `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i","mtls_endpoint_aliases":{"introspection_endpoint":"https://as.test/mtls"}}`)
	for _, tt := range []struct {
		url, issuer string
		fields      []string
	}{
		{"", "", nil},
		{"https://as.test/i", asTest, nil},
		{"https://as.test/mtls", "", nil},
		{"https://as.test/j", "", []string{"RFC7662Config.IntrospectionURL"}},
		{"", "https://as.test/", []string{"RFC7662Config.Issuer"}},
		{"https://u:canary@as.test/j", "https://b.test", []string{"RFC7662Config.IntrospectionURL", "RFC7662Config.Issuer"}},
	} {
		_, err := core.New(withMetadata(m, newAsker(), func(c *core.RFC7662Config) { c.IntrospectionURL, c.Issuer = tt.url, tt.issuer }))
		if (err == nil) != (tt.fields == nil) {
			t.Errorf("%s, %s: got %v", tt.url, tt.issuer, err)
		}
		for _, f := range tt.fields {
			if err == nil || !strings.Contains(err.Error(), f) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s, %s: got %v, want %s in it", tt.url, tt.issuer, err, f)
			}
		}
	}
}

// MD-11, MD-12, MD-13: our way to authenticate must be one that the server supports, if it says
// which.
func TestAuthMethodsOfMetadata(t *testing.T) {
	source, err := tokensource.New(tokensource.Config{TokenURL: "https://as.test/t", ClientID: "rs1", ClientSecret: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, list string
		auth       tokensource.ClientAuth
		bearer     bool
		want       []string // of the error; nil for none
	}{
		{name: "no list", list: ``},
		{name: "an empty list", list: `[]`},
		{name: "the default is there", list: `["private_key_jwt","client_secret_basic"]`},
		{name: "Basic, raw", list: `["client_secret_basic"]`, auth: tokensource.BasicRaw},
		{name: "post", list: `["client_secret_post"]`, auth: tokensource.Post},
		{name: "a bearer token", list: `["Bearer"]`, bearer: true},
		{name: "a bearer token, in small letters", list: `["private_key_jwt","bearer"]`, bearer: true},
		{name: "another way", list: `["private_key_jwt"]`, want: []string{"client_secret_basic", `["private_key_jwt"]`, "client_secret_post"}},
		{name: "post only", list: `["client_secret_post"]`, want: []string{"client_secret_basic", `["client_secret_post"]`}},
		{name: "Basic only", list: `["client_secret_basic"]`, auth: tokensource.Post, want: []string{"client_secret_post", `["client_secret_basic"]`}},
		{name: "names of methods have a case", list: `["CLIENT_SECRET_BASIC"]`, want: []string{"client_secret_basic"}},
		{name: "no bearer token", list: `["client_secret_basic"]`, bearer: true, want: []string{"Bearer", `["client_secret_basic"]`}},
		{name: "bearer token only", list: `["Bearer"]`, want: []string{"client_secret_basic", `["Bearer"]`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc := `{"issuer":"https://as.test","introspection_endpoint":"https://as.test/i","token_endpoint_auth_methods_supported":["tls_client_auth"]`
			if tt.list != "" {
				doc += `,"introspection_endpoint_auth_methods_supported":` + tt.list
			}
			c := withMetadata(discover(t, asTest, doc+"}"), newAsker(), func(c *core.RFC7662Config) {
				c.ClientAuth = tt.auth
				if tt.bearer {
					c.TokenSource = source
				}
			})
			if tt.bearer {
				c.ClientID, c.ClientSecret = "", ""
			}
			_, err := core.New(c)
			e, _ := errors.AsType[*core.ConfigError](err)
			if tt.want == nil && err != nil || tt.want != nil && (e == nil || e.Field != "RFC7662Config.ClientAuth") {
				t.Errorf("got %v", err)
			}
			for _, want := range tt.want {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s in it", err, want)
				}
			}
		})
	}
}

// MD-28: nothing is discovered that the program has not asked for.
func TestNothingIsDiscovered(t *testing.T) {
	a := newAsker()
	v := verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://as.test/introspect", Issuer: asTest, AnyAudience: true}),
		ClientID: "rs1", ClientSecret: "s3cret", Transport: a,
	})
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	authorize(t.Context(), v, bearer(t1), core.Authenticated())
	for _, q := range a.asked {
		if q.url != "https://as.test/introspect" {
			t.Errorf("asked at %s", q.url)
		}
	}
}
