package core_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// SV-02, SV-05, SV-06: Ready names the field to look at, for each way to authenticate and for the
// keys of the server.
func TestReadyNamesTheField(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rfc7662 := func(c core.RFC7662Config) func(*coretest.Server) core.Profile {
		return func(srv *coretest.Server) core.Profile {
			c.IntrospectionURL, c.AnyAudience = srv.EndpointURL(coretest.RFC7662, coretest.Introspection), true
			c.Issuer = srv.Issuer(coretest.RFC7662) + c.Issuer
			if c.JWTAnswers != nil {
				c.JWTAnswers.JWKSURL = srv.EndpointURL(coretest.RFC7662, coretest.Keys) + c.JWTAnswers.JWKSURL
			}
			return core.RFC7662(c)
		}
	}
	signed := func() *core.JWTAnswers { return &core.JWTAnswers{} }
	for _, tt := range []struct {
		name    string
		profile func(*coretest.Server) core.Profile
		config  core.Config
		fault   func(*coretest.Server)
		want    string // in the error
	}{
		{
			"an unknown key", rfc7662(core.RFC7662Config{}),
			core.Config{ClientID: "test", ClientAssertion: &tokensource.ClientAssertion{Key: key}},
			nil,
			"may not introspect; check the public key and its name at the server (ClientAssertion.KeyID), ClientAssertion.Audience, and both clocks)",
		},
		{
			"an unknown certificate", rfc7662(core.RFC7662Config{ClientAuth: tokensource.TLSClientAuth}),
			core.Config{ClientID: "test"},
			nil,
			"may not introspect; check which certificates the server takes, and that this is its URL for them)",
		},
		{"a wrong secret", rfc7662(core.RFC7662Config{}), core.Config{ClientID: "test", ClientSecret: "x"}, nil, "or our client may not introspect)"},
		{
			"another issuer", rfc7662(core.RFC7662Config{Issuer: "/", JWTAnswers: signed()}),
			core.Config{ClientID: "test", ClientSecret: "test"},
			nil,
			`compare its "iss" with the Issuer that is set (MFPGUARD_ISSUER)`,
		},
		{
			"another server's keys", rfc7662(core.RFC7662Config{JWTAnswers: signed()}),
			core.Config{ClientID: "test", ClientSecret: "test"},
			func(srv *coretest.Server) {
				srv.Inject(coretest.Introspection, coretest.Always, srv.EditJWT(func(header, _ map[string]any) { header["kid"] = "x" }))
			},
			"check JWTAnswers.JWKSURL (MFPGUARD_JWKS_URL)",
		},
		{
			"another audience", rfc7662(core.RFC7662Config{JWTAnswers: &core.JWTAnswers{Audience: "x"}}),
			core.Config{ClientID: "test", ClientSecret: "test"},
			nil,
			`its "aud" does not contain JWTAnswers.Audience (by default the client id)`,
		},
		{
			"answers that are not signed", rfc7662(core.RFC7662Config{JWTAnswers: signed()}),
			core.Config{ClientID: "test", ClientSecret: "test"},
			func(srv *coretest.Server) { srv.SetVariants(coretest.Variants{JSONOnly: true}) },
			"let the server sign its answers to this client, or remove JWTAnswers (MFPGUARD_JWKS_URL)",
		},
		{
			"no public key at the base", func(srv *coretest.Server) core.Profile {
				return core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.URL + "/shop", Offline: true})
			},
			core.Config{},
			nil,
			"(nothing is served there: check the project's name in the base URL, as in https://host:port/<project>)",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			if tt.fault != nil {
				tt.fault(srv)
			}
			c := tt.config
			c.Profile, c.Transport = tt.profile(srv), srv.Transport()
			if err := verifier(t, c).Ready(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Ready says %v, want %q", err, tt.want)
			}
		})
	}
}
