package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// fleet is a Verifier of several servers, each an asker with a realm of its own.
type fleet struct {
	servers map[string]*asker
	v       *core.Verifier
}

const issuerB = "https://kc.example.com/realms/b"

// newFleet has the servers "a" and "b" for their issuers, and one that is called "default" if there is to be one. All of them
// accept all tokens of the list.
func newFleet(t testing.TB, withDefault bool, tokens ...string) *fleet {
	f := &fleet{servers: map[string]*asker{}}
	list := []core.Server{core.Issuer(issuerA, f.add(t, "a", tokens)), core.Issuer(issuerB, f.add(t, "b", tokens))}
	if withDefault {
		list = append(list, core.Default(f.add(t, "default", tokens)))
	}
	f.v = several(t, list...)
	return f
}

func (f *fleet) add(t testing.TB, name string, tokens []string, change ...func(*core.Config)) *core.Verifier {
	a := newAsker()
	for _, tok := range tokens {
		a.set(tok, accepted("read"))
	}
	f.servers[name] = a
	profile := core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://" + name + ".invalid/introspect", AnyAudience: true, Realm: name})
	return rfc7662(t, a, append([]func(*core.Config){withProfile(profile)}, change...)...)
}

// asked lists which server was asked about which token since the last call.
func (f *fleet) asked() (all []string) {
	for name, a := range f.servers {
		a.mu.Lock()
		for _, one := range a.asked {
			if one.url != "https://"+name+".invalid/introspect" {
				name += " at " + one.url
			}
			all = append(all, name+" "+one.token)
		}
		a.asked = nil
		a.mu.Unlock()
	}
	slices.Sort(all)
	return all
}

// SV-09: the unverified issuer picks the server that is named for exactly this issuer; each other token goes to the default one,
// and without a default one nowhere. A62, A15: whatever a token names, no other address is reached.
func TestSeveralPicks(t *testing.T) {
	const noIssuer = `401 Bearer realm="a", error="invalid_token"`
	for name, tt := range map[string]struct {
		token   string
		server  string // that is asked, "" for the default one
		without string // the outcome without a default server
	}{
		"issuer a":             {jwtFrom(issuerA, 0), "a", "ok"},
		"issuer b":             {jwtFrom(issuerB, 0), "b", "ok"},
		"opaque":               {"opaque", "", noIssuer},
		"with points":          {"a.b.c", "", noIssuer},
		"no issuer":            {jwtFrom("", 0), "", noIssuer},
		"a slash more":         {jwtFrom(issuerA+"/", 0), "", noIssuer},
		"a character less":     {jwtFrom(issuerA[:len(issuerA)-1], 0), "", noIssuer},
		"another case":         {jwtFrom(strings.ToUpper(issuerA), 0), "", noIssuer},
		"a default port":       {jwtFrom("https://kc.example.com:443/realms/a", 0), "", noIssuer},
		"a path trick":         {jwtFrom("https://kc.example.com/realms/b/../a", 0), "", noIssuer},
		"a user":               {jwtFrom("https://kc.example.com@evil.invalid/realms/a", 0), "", noIssuer},
		"a query":              {jwtFrom(issuerA+"?x", 0), "", noIssuer},
		"a blank":              {jwtFrom(issuerA+" ", 0), "", noIssuer},
		"of the cloud":         {jwtFrom("https://169.254.169.254/latest", 0), "", noIssuer},
		"one that listens":     {jwtFrom("http://127.0.0.1:1/realms/a", 0), "", noIssuer},
		"very long":            {jwtFrom(issuerA+strings.Repeat("x", 3000), 0), "", noIssuer},
		"the default's URL":    {jwtFrom("https://default.invalid/introspect", 0), "", noIssuer},
		"a's endpoint":         {jwtFrom("https://a.invalid/introspect", 0), "", noIssuer},
		"a JWT with four dots": {jwtFrom(issuerA, 0) + ".x.y", "", noIssuer},
	} {
		for _, withDefault := range []bool{true, false} {
			f := newFleet(t, withDefault, tt.token)
			want, outcomes := []string{tt.server + " " + tt.token}, "ok"
			if tt.server == "" {
				want = []string{"default " + tt.token}
				if !withDefault {
					want, outcomes = nil, tt.without
				}
			}
			for range 2 { // the same server each time, from memory the second time
				_, d := authorize(t.Context(), f.v, bearer(tt.token), core.AllOf("read").Optional())
				if outcome(d) != outcomes {
					t.Errorf("%s, default %t: got %s, want %s", name, withDefault, outcome(d), outcomes)
				}
				if d != nil && (d.Reason != core.ReasonIssuer || !errors.Is(d.Cause, core.ErrInvalidToken) || d.Body != `{"error":"invalid_token"}`) {
					t.Errorf("%s: got %s, %s because of %v", name, d.Reason, d.Body, d.Cause)
				}
				if got := f.asked(); !slices.Equal(got, want) {
					t.Errorf("%s, default %t: asked %q, want %q", name, withDefault, got, want)
				}
				if want != nil {
					want = []string{}
				}
			}
		}
	}
}

// SV-09: the server that is picked decides, and no other is asked, however it refuses.
func TestSeveralAsksNoSecondServer(t *testing.T) {
	token := jwtFrom(issuerA, 0)
	for answer, want := range map[string]string{
		`{"active":false}`:                          `401 Bearer realm="a", error="invalid_token"`,
		`{"active":true,"scope":"x"}`:               `403 Bearer realm="a", error="insufficient_scope", scope="read"`,
		`{"active":true,"scope":"read","exp":1}`:    `401 Bearer realm="a", error="invalid_token"`,
		`{"active":true,"scope":"read","exp":"1e"}`: "503",
		`{}`:  "503",
		`x`:   "503",
		`409`: "503",
	} {
		f := newFleet(t, true, token)
		f.servers["a"].set(token, answer)
		for range 2 {
			if _, d := authorize(t.Context(), f.v, bearer(token), core.AllOf("read")); outcome(d) != want {
				t.Errorf("%s: got %s, want %s", answer, outcome(d), want)
			}
		}
		for _, asked := range f.asked() {
			if asked != "a "+token {
				t.Errorf("%s: asked %s", answer, asked)
			}
		}
	}
}

// SV-09: before a server is picked, the challenge is that of the default server, or else of the first; nothing is asked.
func TestSeveralWithoutAUsableToken(t *testing.T) {
	jwt := jwtFrom(issuerB, 0)
	for name, tt := range map[string]struct {
		values []string
		want   string // with REALM for the realm
	}{
		"none":              {nil, `401 Bearer realm="REALM"`},
		"another scheme":    {[]string{"Basic x"}, `401 Bearer realm="REALM"`},
		"two fields":        {[]string{"Bearer " + jwt, "Bearer " + jwt}, `400 Bearer realm="REALM", error="invalid_request"`},
		"two in one field":  {[]string{"Bearer " + jwt + ", Bearer " + jwt}, `400 Bearer realm="REALM", error="invalid_request"`},
		"two behind Basic":  {[]string{"Basic x, Bearer " + jwt}, `400 Bearer realm="REALM", error="invalid_request"`},
		"a comma at last":   {[]string{"Bearer " + jwt + ","}, `401 Bearer realm="REALM", error="invalid_token"`},
		"no token":          {[]string{"Bearer "}, `401 Bearer realm="REALM", error="invalid_token"`},
		"two parts":         {[]string{"Bearer x " + jwt}, `401 Bearer realm="REALM", error="invalid_token"`},
		"not base64url":     {[]string{"Bearer \u00e9.\u00e9.\u00e9"}, `401 Bearer realm="REALM", error="invalid_token"`},
		"longer than all":   {[]string{"Bearer " + jwtFrom(issuerB, 8193)}, `401 Bearer realm="REALM", error="invalid_token"`},
		"b's with a second": {[]string{"Bearer " + jwt + " x"}, `401 Bearer realm="b", error="invalid_token"`},
	} {
		for _, withDefault := range []bool{true, false} {
			f := newFleet(t, withDefault, jwt)
			realm := map[bool]string{true: "default", false: "a"}[withDefault]
			want := strings.Replace(tt.want, "REALM", realm, 1)
			_, d := authorize(t.Context(), f.v, tt.values, core.Authenticated())
			if outcome(d) != want || d.Reason == core.ReasonIssuer {
				t.Errorf("%s: got %s, %s, want %s", name, outcome(d), d.Reason, want)
			}
			if got := f.asked(); got != nil {
				t.Errorf("%s: asked %q", name, got)
			}
		}
	}
	f := newFleet(t, false)
	if p, d := authorize(t.Context(), f.v, nil, core.Authenticated().Optional()); d != nil || p != (core.Principal{}) {
		t.Errorf("Optional without a token: got %v, %s", p, outcome(d))
	}
}

// SV-09: a token is as long as its own server permits.
func TestSeveralBoundsTokens(t *testing.T) {
	short := func(c *core.Config) { c.MaxTokenBytes = 300 }
	long := func(c *core.Config) { c.MaxTokenBytes = 20_000 }
	fits, tooLong := jwtFrom(issuerA, 300), jwtFrom(issuerA, 301)
	opaque, most, more := strings.Repeat("x", 301), strings.Repeat("x", 20_000), strings.Repeat("x", 20_001)
	f := &fleet{servers: map[string]*asker{}}
	all := []string{fits, tooLong, opaque, most, more}
	v := several(t, core.Default(f.add(t, "default", all, long)), core.Issuer(issuerA, f.add(t, "a", all, short)))
	for _, tt := range []struct{ token, want, asked string }{
		{fits, "ok", "a"},
		{tooLong, `401 Bearer realm="a", error="invalid_token"`, ""},
		{opaque, "ok", "default"},
		{most, "ok", "default"},
		{more, `401 Bearer realm="default", error="invalid_token"`, ""},
	} {
		_, d := authorize(t.Context(), v, bearer(tt.token), core.Authenticated())
		got := f.asked()
		if outcome(d) != tt.want || len(got) > 1 || (len(got) == 1) != (tt.asked != "") || tt.asked != "" && got[0] != tt.asked+" "+tt.token {
			t.Errorf("%.200s of %d bytes: got %s, asked %d", tt.token, len(tt.token), outcome(d), len(got))
		}
	}
}

// SV-09: all mistakes are named.
func TestSeveralMistakes(t *testing.T) {
	v := newFleet(t, true).add(t, "x", nil)
	own := rfc7662(t, newAsker(), withProfile(core.RFC7662(core.RFC7662Config{
		IntrospectionURL: "https://as.invalid/introspect", AnyAudience: true, Issuer: issuerA,
	})))
	curity := rfc7662(t, newAsker(), withProfile(core.Curity(core.CurityConfig{
		IntrospectionURL: "https://as.invalid/introspect", AnyAudience: true, Issuer: issuerA,
	})))
	for name, tt := range map[string]struct {
		list []core.Server
		want string
	}{
		"no server":       {nil, "core: Several has no server: name each with Default or Issuer"},
		"the zero one":    {[]core.Server{core.Default(v), {}}, "core: Server is the zero one, number 2 of Several: make it with Default or Issuer"},
		"two defaults":    {[]core.Server{core.Default(v), core.Default(own)}, "core: Default(v) is there twice: choose one"},
		"an issuer twice": {[]core.Server{core.Issuer("x", v), core.Issuer("x", v)}, `core: Issuer("x", v) is there twice: choose one`},
		"no issuer":       {[]core.Server{core.Issuer("", v)}, `core: Issuer("", v) has no issuer: want the "iss" of the server's tokens`},
		"not UTF-8":       {[]core.Server{core.Issuer("\xff", v)}, `core: Issuer("\xff", v) has an issuer that is not UTF-8`},
		"nil":             {[]core.Server{core.Default(nil)}, "core: Default(v) has a nil Verifier: check the error of core.New"},
		"the zero":        {[]core.Server{core.Issuer("x", &core.Verifier{})}, `core: Issuer("x", v) has the zero Verifier: make it with core.New`},
		"Several inside":  {[]core.Server{core.Default(several(t, core.Default(v)))}, "core: Default(v) has a Verifier of Several: name its servers here instead"},
		"another issuer": {
			[]core.Server{core.Issuer(issuerA+"/", own)},
			`core: Issuer("https://kc.example.com/realms/a/", v) has a Verifier that accepts the issuer "https://kc.example.com/realms/a" alone ` +
				"(RFC7662Config.Issuer), so each token would be refused: make them equal",
		},
		"another issuer of Curity": {
			[]core.Server{core.Issuer("https://other.invalid", curity)},
			`core: Issuer("https://other.invalid", v) has a Verifier that accepts the issuer "https://kc.example.com/realms/a" alone ` +
				"(CurityConfig.Issuer), so each token would be refused: make them equal",
		},
		"three": {
			[]core.Server{core.Default(nil), core.Default(nil), core.Issuer("", v)},
			"core: Default(v) has a nil Verifier: check the error of core.New\ncore: Default(v) is there twice: choose one\n" +
				"core: Default(v) has a nil Verifier: check the error of core.New\n" + `core: Issuer("", v) has no issuer: want the "iss" of the server's tokens`,
		},
	} {
		v, err := core.Several(tt.list...)
		if v != nil || err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		} else if _, ok := errors.AsType[*core.ConfigError](err); !ok {
			t.Errorf("%s: the error has no ConfigError", name)
		}
	}
	for name, list := range map[string][]core.Server{
		"its own issuer":               {core.Issuer(issuerA, own)},
		"a default with an issuer":     {core.Default(own), core.Issuer(issuerB, v)},
		"one server for two issuers":   {core.Issuer("x", v), core.Issuer("y", v), core.Default(v)},
		"issuers that differ in case":  {core.Issuer("x", v), core.Issuer("X", v)},
		"an issuer that is no address": {core.Issuer("com.ibm.mfp", v)},
	} {
		if _, err := core.Several(list...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// SV-09: each server must be able to read what a route asks for.
func TestSeveralGuard(t *testing.T) {
	f := &fleet{servers: map[string]*asker{}}
	mfp := verifier(t, core.Config{Profile: core.MobileFirst8("https://mfp.invalid/mfp/api"), ClientID: "a", ClientSecret: "b", Transport: newAsker()})
	kc := f.add(t, "a", nil)
	for _, tt := range []struct {
		list []core.Server
		need core.Requirement
		want string
	}{
		{[]core.Server{core.Default(kc), core.Issuer("m", mfp)}, core.AllOf("a"), ""},
		{[]core.Server{core.Default(kc)}, core.AllOf("a=b"), ""},
		{
			[]core.Server{core.Default(kc), core.Issuer("m", mfp)},
			core.AllOf("a=b"),
			`core: required scope "a=b" has one of the characters ,=, at which MobileFirst clients cut a challenge (the server of issuer "m")`,
		},
		{
			[]core.Server{core.Issuer("k", kc), core.Default(mfp)},
			core.AnyOf("a", "a=b"),
			`core: required scope "a=b" has one of the characters ,=, at which MobileFirst clients cut a challenge (the default server)`,
		},
		{[]core.Server{core.Default(kc), core.Issuer("m", mfp)}, core.Requirement{}, "core: the zero Requirement: use AllOf, AnyOf or Authenticated"},
	} {
		g, err := several(t, tt.list...).Guard(tt.need)
		if text := fmt.Sprint(err); text != tt.want && (err != nil || tt.want != "") || (g == nil) != (err != nil) {
			t.Errorf("got %v, %v, want %s", g, err, tt.want)
		}
	}
}

// SV-03, SV-09: of credentials in two parts the first picks.
func TestSeveralTwoParts(t *testing.T) {
	a, b := jwtFrom(issuerA, 0), jwtFrom(issuerB, 0)
	f := newFleet(t, true, a, b)
	mf7 := newAsker()
	mf7.set(a, accepted("read"))
	mf7.set("opaque", accepted("read"))
	v7 := verifier(t, core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: "https://mfp.invalid/p"}), Transport: mf7})
	named := several(t, core.Issuer(issuerA, v7), core.Default(f.add(t, "b", nil)))
	fallback := several(t, core.Issuer(issuerB, f.add(t, "b", nil)), core.Default(v7))
	for _, tt := range []struct {
		v      *core.Verifier
		values string
	}{{named, a + " " + b}, {named, a}, {fallback, "opaque " + b}, {fallback, a + " " + b}} {
		if _, d := authorize(t.Context(), tt.v, bearer(tt.values), core.AllOf("read")); d != nil {
			t.Errorf("%.300s: got %s: %v", tt.values, outcome(d), d.Cause)
		}
	}
	if got := f.asked(); got != nil || len(mf7.asked) != 3 { // one of them twice, by the same Verifier
		t.Errorf("asked %q, and MobileFirst %d times, want 3", got, len(mf7.asked))
	}
}

// SV-09: events go to the Trace and the Logger of the server that is picked; before that, to those whose challenge is used.
func TestSeveralTrace(t *testing.T) {
	for _, withDefault := range []bool{false, true} {
		var told []string
		var logs watcher
		tell := func(name string) func(*core.Config) {
			return func(c *core.Config) {
				if name == "a" {
					c.Logger = logs.Logger()
				}
				c.Trace.Looked = func(context.Context, core.LookedInfo) { told = append(told, name+" looked") }
				c.Trace.Decided = func(_ context.Context, i core.DecidedInfo) {
					told = append(told, fmt.Sprint(name, " ", i.Denial == nil))
				}
			}
		}
		f, token := &fleet{servers: map[string]*asker{}}, jwtFrom(issuerB, 0)
		list := []core.Server{core.Issuer(issuerA, f.add(t, "a", nil, tell("a"))), core.Issuer(issuerB, f.add(t, "b", []string{token}, tell("b")))}
		lead := "a"
		if withDefault {
			list, lead = append(list, core.Default(f.add(t, "default", nil, tell("default")))), "default"
		}
		v := several(t, list...)
		authorize(t.Context(), v, bearer(token), core.Authenticated())
		authorize(t.Context(), v, nil, core.Authenticated())
		want := []string{"b looked", "b true", lead + " false"}
		if authorize(t.Context(), v, bearer(canaryToken), core.Authenticated()); withDefault {
			want = append(want, "default looked")
		}
		if want = append(want, lead+" false"); !slices.Equal(told, want) {
			t.Errorf("default %t: told %q, want %q", withDefault, told, want)
		}
		if said := logs.Take(); strings.Contains(said, "an iss that a server is named for") == withDefault || strings.Contains(said, canaryToken) {
			t.Errorf("default %t: the log has %s", withDefault, said)
		}
	}
}
