package core_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// signing is a profile whose server signs something, and how to get a token of it.
type signing struct {
	name    string
	dialect coretest.Dialect
	config  func(*coretest.Server) core.Config
	faults  coretest.Endpoint // where a JWT can be spoiled
}

var signings = []signing{
	{"RFC7662", coretest.RFC7662, func(srv *coretest.Server) core.Config {
		return core.Config{ClientID: "rs1", ClientSecret: "s3cret", Profile: core.RFC7662(core.RFC7662Config{
			IntrospectionURL: srv.EndpointURL(coretest.RFC7662, coretest.Introspection), AnyAudience: true,
			Issuer: srv.Issuer(coretest.RFC7662), JWTAnswers: &core.JWTAnswers{JWKSURL: srv.EndpointURL(coretest.RFC7662, coretest.Keys)},
		})}
	}, coretest.Introspection},
	{"Curity", coretest.Curity, func(srv *coretest.Server) core.Config {
		return core.Config{ClientID: "rs1", ClientSecret: "s3cret", Profile: core.Curity(core.CurityConfig{
			IntrospectionURL: srv.EndpointURL(coretest.Curity, coretest.Introspection), AnyAudience: true,
			Issuer: srv.Issuer(coretest.Curity), JWTAnswers: &core.JWTAnswers{JWKSURL: srv.EndpointURL(coretest.Curity, coretest.Keys)},
		})}
	}, coretest.Introspection},
}

// eachSigning runs a test for each of them in fake time.
func eachSigning(t *testing.T, test func(t *testing.T, s signing, srv *coretest.Server, v *core.Verifier)) {
	for _, s := range signings {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.SetClient(coretest.Client{ID: "rs1", Secret: "s3cret"})
				c := s.config(srv)
				c.Transport = srv.Transport()
				test(t, s, srv, verifier(t, c))
			})
		})
	}
}

func (s signing) mint(srv *coretest.Server) string {
	return srv.Mint(coretest.Grant{Dialect: s.dialect, Scope: "read", User: &coretest.User{ID: "alice"}})
}

// SV-04, SV-06: signed answers, end to end: the keys are read once, and an answer is remembered.
func TestSignedAnswers(t *testing.T) {
	eachSigning(t, func(t *testing.T, s signing, srv *coretest.Server, v *core.Verifier) {
		if err := v.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		token := s.mint(srv)
		for range 3 {
			p, d := authorize(t.Context(), v, bearer(token), core.AllOf("read"))
			if user, _ := p.User(); d != nil || user.ID != "alice" {
				t.Fatalf("user %+v, denial %+v", user, d)
			}
		}
		if _, d := authorize(t.Context(), v, bearer("unknown"), core.Authenticated()); d == nil || d.Status != 401 {
			t.Errorf("an unknown token: %+v, want 401", d)
		}
		if _, d := authorize(t.Context(), v, bearer(token), core.AllOf("admin")); d == nil || d.Status != 403 {
			t.Errorf("another scope: %+v, want 403", d)
		}
		if c := srv.Calls(); c.Introspection != 3 || c.Keys != 1 {
			t.Errorf("calls: %+v, want 3 questions and one for keys", c)
		}
	})
}

// SV-08: after a rotation the new key is read, and a token waits for it.
func TestSignedAnswersAfterRotation(t *testing.T) {
	eachSigning(t, func(t *testing.T, s signing, srv *coretest.Server, v *core.Verifier) {
		for range 2 {
			if _, d := authorize(t.Context(), v, bearer(s.mint(srv)), core.AllOf("read")); d != nil {
				t.Fatal(d.Cause)
			}
			srv.RotateKey()
			time.Sleep(6 * time.Minute)
		}
		if c := srv.Calls(); c.Keys != 2 {
			t.Errorf("the keys were read %d times, want 2", c.Keys)
		}
	})
}

// Bad input: a wrong key, an unknown kid, no signature, a clock off by minutes: one clear error, 503,
// and nothing is remembered.
func TestSignedAnswersThatCannotBeTrusted(t *testing.T) {
	minutes := func(n float64) func(_, claims map[string]any) {
		return func(_, claims map[string]any) { claims["iat"] = float64(time.Now().Unix()) + 60*n }
	}
	for _, tt := range []struct {
		name string
		edit func(header, claims map[string]any) // nil for a bad signature
		only string                              // the profile that it is for
		want string                              // in the cause
	}{
		{"a bad signature", nil, "", "the signature is wrong"},
		{"an unknown kid", func(header, _ map[string]any) { header["kid"] = "canary-kid" }, "", "not one of the server's keys"},
		{"no signature", func(header, _ map[string]any) { header["alg"] = "none" }, "", "not allowed"},
		{"another issuer", func(_, claims map[string]any) { claims["iss"] = "https://evil.invalid/canary" }, "", "another issuer"},
		{"for another service", func(_, claims map[string]any) { claims["aud"] = "rs2" }, "RFC7662", "for another service"},
		{"the server's clock is behind", minutes(-5), "RFC7662", "compare the clocks"},
		{"the server's clock is ahead", minutes(5), "RFC7662", "compare the clocks"},
		{"an access token", func(header, _ map[string]any) { header["typ"] = "at+jwt" }, "RFC7662", `"typ"`},
		{"a logout token", func(header, _ map[string]any) { header["typ"] = "logout+jwt" }, "", `"typ"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachSigning(t, func(t *testing.T, s signing, srv *coretest.Server, v *core.Verifier) {
				if tt.only != "" && tt.only != s.name {
					return
				}
				fault := coretest.BadSignature()
				if tt.edit != nil {
					fault = srv.EditJWT(tt.edit)
				}
				token := s.mint(srv)
				srv.Inject(s.faults, 2, fault)
				for range 2 {
					_, d := authorize(t.Context(), v, bearer(token), core.AllOf("read"))
					if outcome(d) != "503" || d.Reason != core.ReasonUnavailable || !strings.Contains(d.Cause.Error(), tt.want) || strings.Contains(d.Cause.Error(), "canary") {
						t.Fatalf("%s, %+v, want 503 because of %q", outcome(d), d, tt.want)
					}
				}
				if _, d := authorize(t.Context(), v, bearer(token), core.AllOf("read")); d != nil {
					t.Errorf("a good answer after them: %v", d.Cause)
				}
				if c := srv.Calls(); c.Keys > 2 {
					t.Errorf("the keys were read %d times, want 2 at most", c.Keys)
				}
			})
		})
	}
}

// SV-08: without keys there is no answer. Ready says where to look, and the circuit stays closed.
func TestSignedAnswersWithoutKeys(t *testing.T) {
	eachSigning(t, func(t *testing.T, s signing, srv *coretest.Server, v *core.Verifier) {
		srv.Inject(coretest.Keys, coretest.Always, coretest.Status(404))
		err := v.Ready(t.Context())
		if err == nil || !strings.Contains(err.Error(), "keys endpoint "+srv.EndpointURL(s.dialect, coretest.Keys)+" answered 404") {
			t.Errorf("Ready: %v, want an error of the keys", err)
		}
		token := s.mint(srv)
		for range 20 {
			_, d := authorize(t.Context(), v, bearer(token), core.AllOf("read"))
			if outcome(d) != "503" || d.Reason != core.ReasonUnavailable {
				t.Fatalf("%s, %+v, want 503", outcome(d), d)
			}
		}
		if c := srv.Calls(); c.Keys != 1 {
			t.Errorf("the keys were read %d times in a moment, want once", c.Keys)
		}
		if v.Stats().CircuitOpen {
			t.Error("the circuit is open, though the introspection endpoint works")
		}
		srv.Clear(coretest.Keys)
		srv.Inject(coretest.Keys, 1, coretest.Status(401)) // no refusal of our credentials: none were sent
		time.Sleep(time.Minute)
		if _, d := authorize(t.Context(), v, bearer(token), core.AllOf("read")); d == nil || d.Reason != core.ReasonUnavailable {
			t.Errorf("401 for the keys: %+v, want unavailable", d)
		}
		time.Sleep(time.Minute)
		if _, d := authorize(t.Context(), v, bearer(token), core.AllOf("read")); d != nil {
			t.Errorf("with keys again: %v", d.Cause)
		}
	})
}

// JI-02, 17.C/C17: JSON in place of a JWT is an answer of Curity, and none of RFC 9701.
func TestJSONInPlaceOfAJWT(t *testing.T) {
	eachSigning(t, func(t *testing.T, s signing, srv *coretest.Server, v *core.Verifier) {
		srv.SetVariants(coretest.Variants{JSONOnly: true})
		_, d := authorize(t.Context(), v, bearer(s.mint(srv)), core.AllOf("read"))
		want := map[string]string{"RFC7662": "503", "Curity": "ok"}[s.name]
		if got := outcome(d); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// SV-08, SV-03: MobileFirst 7.x checked here.
func TestOfflineValidation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := verifier(t, core.Config{
			Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL(), Offline: true}), Transport: srv.Transport(),
		})
		srv.Inject(coretest.Keys, 1, coretest.Status(503))
		mint := func(g coretest.Grant) string { g.Dialect = coretest.MobileFirst7; return srv.Mint(g) }
		access := mint(coretest.Grant{Scope: "realmA realmB", Lifetime: 2 * time.Hour})
		if _, d := authorize(t.Context(), v, bearer(access), core.AllOf("realmA")); outcome(d) != "503" || d.Reason != core.ReasonUnavailable {
			t.Errorf("without the key: %s, want 503", outcome(d))
		}
		time.Sleep(time.Minute)
		if err := v.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		p, d := authorize(t.Context(), v, bearer(access+" "+srv.MintID("alice")), core.AllOf("realmA", "realmB"))
		if user, _ := p.User(); d != nil || user.ID != "alice" {
			t.Errorf("user %+v, denial %+v", user, d)
		}
		soon := mint(coretest.Grant{Scope: "realmA", Realms: map[string]coretest.Realm{"realmB": {Lifetime: 10 * time.Second, Optional: true}}})
		for after, want := range []string{"ok", `403 Bearer error="insufficient_scope", scope="realmB"`} {
			if _, d := authorize(t.Context(), v, bearer(soon), core.AllOf("realmB")); outcome(d) != want {
				t.Errorf("a realm of 10 s after %d times 10 s: %s, want %s", after, outcome(d), want)
			}
			time.Sleep(10 * time.Second)
		}
		if _, d := authorize(t.Context(), v, bearer(access+"x"), core.Authenticated()); outcome(d) != invalidTokenPlain {
			t.Errorf("a bad signature: %s, want %s", outcome(d), invalidTokenPlain)
		}
		srv.RotateKey()
		time.Sleep(6 * time.Minute)
		if _, d := authorize(t.Context(), v, bearer(mint(coretest.Grant{Scope: "realmA"})), core.AllOf("realmA")); d != nil {
			t.Errorf("after a rotation: %v", d.Cause)
		}
		if c := srv.Calls(); c.Introspection != 0 || c.Keys > 4 {
			t.Errorf("calls: %+v, want no question", c)
		}
	})
}
