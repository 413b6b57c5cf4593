package core_test

import (
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// dialects are the profiles that are not in adaptertest, each for a coretest server.
var dialects = []struct {
	name    string
	dialect coretest.Dialect
	config  func(srv *coretest.Server) core.Config
}{
	{"offline validation of MobileFirst 7.x", coretest.MobileFirst7, func(srv *coretest.Server) core.Config {
		return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL(), Offline: true})}
	}},
	{"Curity with signed answers", coretest.Curity, func(srv *coretest.Server) core.Config {
		return core.Config{ClientID: "rs", ClientSecret: "s3cret", Profile: core.Curity(core.CurityConfig{
			IntrospectionURL: srv.EndpointURL(coretest.Curity, coretest.Introspection), ClientAuth: tokensource.Post, AnyAudience: true,
			Issuer: srv.Issuer(coretest.Curity), JWTAnswers: &core.JWTAnswers{JWKSURL: srv.EndpointURL(coretest.Curity, coretest.Keys)},
		})}
	}},
	{"RFC 7662 with signed answers", coretest.RFC7662, func(srv *coretest.Server) core.Config {
		return core.Config{ClientID: "rs", ClientSecret: "s3cret", Profile: core.RFC7662(core.RFC7662Config{
			IntrospectionURL: srv.EndpointURL(coretest.RFC7662, coretest.Introspection), AnyAudience: true,
			Issuer: srv.Issuer(coretest.RFC7662), JWTAnswers: &core.JWTAnswers{JWKSURL: srv.EndpointURL(coretest.RFC7662, coretest.Keys)},
		})}
	}},
}

// dialect returns a server of one dialect, and a Verifier that asks it.
func dialect(t *testing.T, d coretest.Dialect, config func(srv *coretest.Server) core.Config) (*coretest.Server, *core.Verifier) {
	t.Helper()
	srv := coretest.New()
	srv.Only(d)
	srv.SetClient(coretest.Client{ID: "rs", Secret: "s3cret"})
	c := config(srv)
	c.Transport = srv.Transport()
	return srv, verifier(t, c)
}

// SV-03, SV-04, SV-06, SV-10: answers with a signature that the server of the dialect makes.
func TestDialects(t *testing.T) {
	for _, tt := range dialects {
		t.Run(tt.name, func(t *testing.T) {
			srv, v := dialect(t, tt.dialect, tt.config)
			alice := coretest.Grant{Scope: "read", User: &coretest.User{ID: "alice"}}
			credentials := srv.Mint(alice)
			if tt.dialect == coretest.MobileFirst7 {
				credentials += " " + srv.MintID("alice")
			}
			p, d := authorize(t.Context(), v, bearer(credentials), core.AllOf("read"))
			if d != nil {
				t.Fatal(d.Cause)
			}
			if user, _ := p.User(); user.ID != "alice" || p.Scope() != "read" {
				t.Errorf("user %+v, scope %q", user, p.Scope())
			}
			alice.Lifetime = -1
			for what, token := range map[string]string{"an expired token": srv.Mint(alice), "an unknown one": "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"} {
				if _, d := authorize(t.Context(), v, bearer(token), core.Authenticated()); !strings.HasPrefix(outcome(d), "401") {
					t.Errorf("%s: %s, want 401", what, outcome(d))
				}
			}
			if _, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{Scope: "other"})), core.AllOf("read")); d == nil || d.Status != 403 {
				t.Errorf("without the scope: %s, want 403", outcome(d))
			}
		})
	}
}

// JI-02 to JI-06, SV-06: an answer that cannot be trusted is no answer. Curity may answer in JSON.
func TestDialectsUntrusted(t *testing.T) {
	for _, tt := range dialects[1:] {
		for name, spoil := range map[string]func(srv *coretest.Server) coretest.Fault{
			"a bad signature": func(*coretest.Server) coretest.Fault { return coretest.BadSignature() },
			"another issuer": func(srv *coretest.Server) coretest.Fault {
				return srv.EditJWT(func(_, claims map[string]any) { claims["iss"] = "https://evil.example.com" })
			},
			"no algorithm": func(srv *coretest.Server) coretest.Fault {
				return srv.EditJWT(func(header, _ map[string]any) { header["alg"] = "none" })
			},
		} {
			srv, v := dialect(t, tt.dialect, tt.config)
			srv.Inject(coretest.Introspection, coretest.Always, spoil(srv))
			if _, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{})), core.Authenticated()); outcome(d) != "503" {
				t.Errorf("%s, %s: %s, want 503", tt.name, name, outcome(d))
			}
		}
		srv, v := dialect(t, tt.dialect, tt.config)
		srv.SetVariants(coretest.Variants{JSONOnly: true})
		want := map[coretest.Dialect]string{coretest.Curity: outcome(nil), coretest.RFC7662: "503"}[tt.dialect]
		if _, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{})), core.Authenticated()); outcome(d) != want {
			t.Errorf("%s, an answer in JSON: %s, want %s", tt.name, outcome(d), want)
		}
	}
}

// SV-03: offline, a realm that has ended is not granted, and one that is mandatory ends the token.
func TestDialectsRealms(t *testing.T) {
	srv, v := dialect(t, dialects[0].dialect, dialects[0].config)
	for name, tt := range map[string]struct {
		realm coretest.Realm
		want  string
	}{
		"it is granted":         {coretest.Realm{}, outcome(nil)},
		"it has ended":          {coretest.Realm{Lifetime: -1e9, Optional: true}, "403"},
		"a mandatory one ended": {coretest.Realm{Lifetime: -1e9}, "401"},
	} {
		token := srv.Mint(coretest.Grant{Scope: "other", Realms: map[string]coretest.Realm{"read": tt.realm}})
		if _, d := authorize(t.Context(), v, bearer(token), core.AllOf("read")); !strings.HasPrefix(outcome(d), tt.want) {
			t.Errorf("%s: %s, want %s", name, outcome(d), tt.want)
		}
	}
}

// SV-07, MD-01: what the server publishes is what its endpoints are.
func TestDialectsDiscovery(t *testing.T) {
	for _, openID := range []bool{false, true} {
		srv := coretest.NewServer()
		defer srv.Close()
		srv.Only(coretest.RFC7662)
		srv.SetClient(coretest.Client{ID: "rs", Secret: "s3cret"})
		m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: srv.Issuer(coretest.RFC7662), OpenID: openID})
		if err != nil {
			t.Fatal(err)
		}
		v := verifier(t, core.Config{
			Profile:  core.RFC7662(core.RFC7662Config{Metadata: m, AnyAudience: true, JWTAnswers: &core.JWTAnswers{}}),
			ClientID: "rs", ClientSecret: "s3cret",
		})
		if _, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{})), core.Authenticated()); d != nil {
			t.Error(d.Cause)
		}
		if c := srv.Calls(); c.Metadata != 1 || c.Introspection != 1 || c.Keys != 1 || c.Other != 0 {
			t.Errorf("calls %+v", c)
		}
	}
}
