package core_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

const base = "https://mfp.example.com:9443/mfp/api"

// goodConfig is a Config that New takes, changed by f.
func goodConfig(f func(*core.Config)) core.Config {
	c := core.Config{Profile: core.MobileFirst8(base), ClientID: "orders-api", ClientSecret: "s3cret"}
	if f != nil {
		f(&c)
	}
	return c
}

func asMFP(url string) func(*core.Config) {
	return func(c *core.Config) { c.Profile = core.MobileFirst8(url) }
}

func asRFC(r core.RFC7662Config) func(*core.Config) {
	return func(c *core.Config) {
		if r.IntrospectionURL == "" {
			r.IntrospectionURL = "https://as.example.com/introspect"
		}
		c.Profile = core.RFC7662(r)
	}
}

// Every mistake is one clear error that names the field and the fix, and repeats no secret.
func TestNew(t *testing.T) {
	anyone := core.RFC7662Config{AnyAudience: true}
	source := tokensource.Static("CC")
	for _, tt := range []struct {
		name string
		f    func(*core.Config)
		want string
	}{
		{"the zero Config", func(c *core.Config) { *c = core.Config{} }, "core: Config.Profile is not set: use core.MobileFirst8(base), core.MobileFirst7(config), core.Curity(config) or core.RFC7662(config)"},
		{"all defaults", nil, ""},
		{"a base without /api is legal", asMFP("https://dp.example.com:8443"), ""},
		{"a base with a slash at the end", asMFP(base + "/"), ""},
		{"http on loopback", asMFP("http://127.0.0.1:9080/mfp/api"), ""},  // D9
		{"http on localhost", asMFP("http://localhost:9080/mfp/api"), ""}, // D9
		{"http on IPv6 loopback", asMFP("http://[::1]:9080/mfp/api"), ""}, // D9
		{"http elsewhere, allowed", func(c *core.Config) { asMFP("http://mfp.example.com/mfp/api")(c); c.InsecureHTTP = true }, ""},
		{"http elsewhere", asMFP("http://mfp.example.com/mfp/api"), // IN-14
			"core: MobileFirst8(base) is http:// to another host, which sends tokens in the clear: use https, or set InsecureHTTP"},
		{
			"http to a host that only looks like loopback", asMFP("http://127.0.0.1.evil.example/mfp/api"),
			"core: MobileFirst8(base) is http:// to another host, which sends tokens in the clear: use https, or set InsecureHTTP",
		},
		{"no base", asMFP(""), "core: MobileFirst8(base) is empty, want https://host:port/<runtime>/api"},
		{
			"/az/v1 in the base", asMFP(base + "/az/v1"),
			"core: MobileFirst8(base) already has /az/v1 on it: leave that off, want https://host:port/<runtime>/api",
		},
		{
			"/az/v1/ in the base", asMFP(base + "/az/v1/"),
			"core: MobileFirst8(base) already has /az/v1 on it: leave that off, want https://host:port/<runtime>/api",
		},
		{
			"the token endpoint for a base", asMFP(base + "/az/v1/token"),
			"core: MobileFirst8(base) already has /az/v1 on it: leave that off, want https://host:port/<runtime>/api",
		},
		{
			"a query in the base", asMFP(base + "?x=1"),
			"core: MobileFirst8(base) has a query, want https://host:port/<runtime>/api",
		},
		{
			"an empty query in the base", asMFP(base + "?"),
			"core: MobileFirst8(base) has a query, want https://host:port/<runtime>/api",
		},
		{
			"a fragment in the base", asMFP(base + "#x"),
			"core: MobileFirst8(base) has a fragment, which an endpoint cannot have (RFC 6749 section 3.2)",
		}, // CC-11
		{
			"user information in the base", asMFP("https://u:canary@mfp.example.com/mfp/api"),
			"core: MobileFirst8(base) carries user information: put the credentials into their own fields",
		},
		{"no scheme", asMFP("mfp.example.com/mfp/api"), "core: MobileFirst8(base) has no scheme: put https:// in front"}, // LG-06
		{"an address and no scheme", asMFP("192.0.2.1:9443/mfp/api"), "core: MobileFirst8(base) has no scheme: put https:// in front, want https://host:port/<runtime>/api"},
		{"no host", asMFP("https:///mfp/api"), "core: MobileFirst8(base) has no host, want https://host/path"},
		{"another scheme", asMFP("ftp://mfp.example.com/mfp/api"), `core: MobileFirst8(base) has scheme "ftp", want https`},
		{
			"no URL at all", asMFP("https://mfp.example.com/%zz"),
			"core: MobileFirst8(base) is not a URL, want https://host:port/<runtime>/api",
		},
		{
			"a line break in the base", asMFP(base + "\n"),
			"core: MobileFirst8(base) has white space around it: remove that, want https://host:port/<runtime>/api",
		},
		{"no id", func(c *core.Config) { c.ClientID = "" }, "core: Config.ClientID is empty"}, // IN-06, CC-05
		{"a colon in the id", func(c *core.Config) { c.ClientID = "a:b" }, // IN-08
			"core: Config.ClientID contains a colon, which raw Basic credentials cannot carry: rename the client or use form-encoded Basic"},
		{
			"an id that is not ASCII", func(c *core.Config) { c.ClientID = "é" },
			"core: Config.ClientID contains a character that is not ASCII, which MobileFirst does not accept",
		},
		{
			"an id with a line break", func(c *core.Config) { c.ClientID = "a\n" },
			"core: Config.ClientID contains a control character (a line break at its end?)",
		},
		{"no secret", func(c *core.Config) { c.ClientSecret = "" }, "core: Config.ClientSecret is empty"}, // IN-06, CC-05
		{
			"a secret that is not ASCII", func(c *core.Config) { c.ClientSecret = "canaryé" },
			"core: Config.ClientSecret contains a character that is not ASCII, which MobileFirst does not accept",
		},
		{
			"a secret with a line break", func(c *core.Config) { c.ClientSecret = "canary\nx" },
			"core: Config.ClientSecret contains a control character (a line break at its end?)",
		},
		{
			"two secrets", func(c *core.Config) { c.ClientSecretFunc = secretFunc("x") },
			"core: Config.ClientSecret and Config.ClientSecretFunc are both set: choose one",
		},
		{"a secret from a func", func(c *core.Config) { c.ClientSecret, c.ClientSecretFunc = "", secretFunc("x") }, ""},
		{"negative CacheTTL", func(c *core.Config) { c.CacheTTL = new(-time.Second) }, "core: Config.CacheTTL is -1s, want >= 0"},                // IN-71
		{"negative NegativeTTL", func(c *core.Config) { c.NegativeTTL = new(time.Duration(-1)) }, "core: Config.NegativeTTL is -1ns, want >= 0"}, // IN-71, A20
		{"caches off", func(c *core.Config) { c.CacheTTL, c.NegativeTTL = new(time.Duration(0)), new(time.Duration(0)) }, ""},
		{"negative Skew", func(c *core.Config) { c.Skew = -time.Minute }, "core: Config.Skew is -1m0s, want >= 0"},
		{"negative Timeout", func(c *core.Config) { c.Timeout = -1 }, "core: Config.Timeout is -1ns, want >= 0"},
		{"negative CacheEntries", func(c *core.Config) { c.CacheEntries = -1 }, "core: Config.CacheEntries is -1, want >= 0"},
		{"negative NegativeEntries", func(c *core.Config) { c.NegativeEntries = -1 }, "core: Config.NegativeEntries is -1, want >= 0"},
		{"negative CacheBytes", func(c *core.Config) { c.CacheBytes = -1 }, "core: Config.CacheBytes is -1, want >= 0"}, // AV-13
		{"CacheBytes in MiB", func(c *core.Config) { c.CacheBytes = 64 }, "core: Config.CacheBytes is 64, want at least 65536, or 0 for 64 MiB: it counts bytes"},
		{"CacheBytes just too small", func(c *core.Config) { c.CacheBytes = 64<<10 - 1 }, "core: Config.CacheBytes is 65535, want at least 65536, or 0 for 64 MiB: it counts bytes"},
		{"the smallest CacheBytes", func(c *core.Config) { c.CacheBytes = 64 << 10 }, ""},
		{"negative MaxTokenBytes", func(c *core.Config) { c.MaxTokenBytes = -1 }, "core: Config.MaxTokenBytes is -1, want >= 0"},
		{"negative MaxResponseBytes", func(c *core.Config) { c.MaxResponseBytes = -1 }, "core: Config.MaxResponseBytes is -1, want >= 0"},
		{"negative MaxInFlight", func(c *core.Config) { c.MaxInFlight = -1 }, "core: Config.MaxInFlight is -1, want >= 0"},
		{"one of each", func(c *core.Config) {
			c.CacheEntries, c.NegativeEntries, c.MaxTokenBytes, c.MaxResponseBytes, c.MaxInFlight = 1, 1, 1, 1, 1
		}, ""},
		{"a Timeout that nothing can keep", func(c *core.Config) { c.Timeout = 1 }, "core: Config.Timeout is 1ns, want 1ms to 1h0m0s"}, // AV-16
		{"a Timeout of a century", func(c *core.Config) { c.Timeout = 876000 * time.Hour }, "core: Config.Timeout is 876000h0m0s, want 1ms to 1h0m0s"},
		{"the shortest Timeout", func(c *core.Config) { c.Timeout = time.Millisecond }, ""},
		{"the longest Timeout", func(c *core.Config) { c.Timeout = time.Hour }, ""},
		{"one hour and a bit", func(c *core.Config) { c.Timeout = time.Hour + 1 }, "core: Config.Timeout is 1h0m0.000000001s, want 1ms to 1h0m0s"},
		{"verification switched off", func(c *core.Config) { // IN-16, A61
			c.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		}, "core: Config.Transport sets InsecureSkipVerify, which lets anybody answer for the server: put its CA into RootCAs instead"},
		{"old TLS", func(c *core.Config) { // IN-15
			c.Transport = &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS10}}
		}, "core: Config.Transport allows TLS below 1.2: raise MinVersion"},
		{"a transport with its own roots", func(c *core.Config) {
			c.Transport = &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13}}
		}, ""},

		{"RFC 7662", asRFC(anyone), ""},
		{"RFC 7662, a colon in the id", func(c *core.Config) { asRFC(anyone)(c); c.ClientID, c.ClientSecret = "a:é", "ü" }, ""}, // IN-07
		{"RFC 7662, raw Basic, a colon in the id", func(c *core.Config) {
			asRFC(core.RFC7662Config{AnyAudience: true, ClientAuth: tokensource.BasicRaw})(c)
			c.ClientID = "a:b"
		}, "core: Config.ClientID contains a colon, which raw Basic credentials cannot carry: rename the client or use form-encoded Basic"},
		{"RFC 7662, no credentials", func(c *core.Config) { asRFC(anyone)(c); c.ClientID, c.ClientSecret = "", "" }, "core: Config.ClientID is empty"}, // IN-06
		{"RFC 7662, no URL", func(c *core.Config) { c.Profile = core.RFC7662(anyone) }, "core: RFC7662Config.IntrospectionURL is empty, want an https:// URL"},
		{"RFC 7662, http", asRFC(core.RFC7662Config{AnyAudience: true, IntrospectionURL: "http://as.test/introspect"}), // IN-14
			"core: RFC7662Config.IntrospectionURL is http:// to another host, which sends tokens in the clear: use https, or set InsecureHTTP"},
		{
			"RFC 7662, a fragment", asRFC(core.RFC7662Config{AnyAudience: true, IntrospectionURL: "https://as.test/introspect#"}),
			"core: RFC7662Config.IntrospectionURL has a fragment, which an endpoint cannot have (RFC 6749 section 3.2)",
		},
		{"RFC 7662, no audience", asRFC(core.RFC7662Config{}), // D5, BCP-01
			"core: RFC7662Config.Audience is empty: name this service, or set AnyAudience to accept tokens that were issued for others"},
		{
			"RFC 7662, audience and any", asRFC(core.RFC7662Config{Audience: []string{"a"}, AnyAudience: true}),
			"core: RFC7662Config.Audience and AnyAudience are both set: choose one",
		},
		{
			"RFC 7662, an empty audience", asRFC(core.RFC7662Config{Audience: []string{"a", ""}}),
			"core: RFC7662Config.Audience has an empty value",
		},
		{
			"RFC 7662, an unknown way to authenticate", asRFC(core.RFC7662Config{AnyAudience: true, ClientAuth: "digest"}),
			`core: RFC7662Config.ClientAuth is "digest", want "basic", "basic-raw", "post" or "tls_client_auth"`,
		},
		{
			"RFC 7662, two ways to authenticate", asRFC(core.RFC7662Config{AnyAudience: true, ClientAuth: tokensource.Post, TokenSource: source}),
			"core: RFC7662Config.ClientAuth and TokenSource are both set: choose one\n" +
				"core: Config.ClientID and its secret are set beside RFC7662Config.TokenSource: choose one",
		},
		{"RFC 7662, a token source and credentials", asRFC(core.RFC7662Config{AnyAudience: true, TokenSource: source}), // IN-09, A74
			"core: Config.ClientID and its secret are set beside RFC7662Config.TokenSource: choose one"},
		{"RFC 7662, a token source", func(c *core.Config) {
			asRFC(core.RFC7662Config{AnyAudience: true, TokenSource: source})(c)
			c.ClientID, c.ClientSecret = "", ""
		}, ""},
		{"RFC 7662, a realm with a line break", asRFC(core.RFC7662Config{AnyAudience: true, Realm: "a\r\nb"}), // BT-52
			`core: RFC7662Config.Realm has the character '\r', want printable ASCII`},
		{"RFC 7662, a realm that looks like a scope", asRFC(core.RFC7662Config{AnyAudience: true, Realm: "scope=x"}), // MFP-16
			`core: RFC7662Config.Realm contains "scope=", which clients take for the scope of the challenge`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := core.New(goodConfig(tt.f))
			if got := strings.TrimPrefix(fmt.Sprint(err), "<nil>"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if field, isTyped := mistaken(err); err != nil && (!isTyped || !strings.HasPrefix(tt.want, "core: "+field+" ")) {
				t.Errorf("%v names the field %q", err, field)
			}
			if (v == nil) != (err != nil) {
				t.Errorf("got a Verifier: %v, with error %v", v != nil, err)
			}
			if strings.Contains(fmt.Sprint(err), "canary") {
				t.Errorf("%v shows a secret", err)
			}
		})
	}
}

// mistaken is the field of a *core.ConfigError.
func mistaken(err error) (field string, ok bool) {
	e, ok := errors.AsType[*core.ConfigError](err)
	if !ok {
		return "", false
	}
	return e.Field, true
}

func secretFunc(s tokensource.Secret) func(context.Context) (tokensource.Secret, error) {
	return func(context.Context) (tokensource.Secret, error) { return s, nil }
}

// What a Profile was made from may change afterwards.
func TestProfileIsImmutable(t *testing.T) {
	a := newAsker()
	a.set(t1, `{"active":true,"aud":"rs"}`)
	audience := []string{"rs"}
	p := core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://as.invalid/introspect", Audience: audience})
	audience[0] = "evil"
	if _, d := authorize(t.Context(), rfc7662(t, a, withProfile(p)), bearer(t1), core.Authenticated()); d != nil {
		t.Errorf("got %s, want ok", outcome(d))
	}
}

// A rotated secret is seen without a restart, under both profiles (CC-48 as far as core goes).
func TestSecretFuncIsAskedEachTime(t *testing.T) {
	a := newAsker()
	n := 0
	v := rfc7662(t, a, func(c *core.Config) {
		c.ClientSecret = ""
		c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
			n++
			return tokensource.Secret(fmt.Sprint("s", n)), nil
		}
	})
	authorize(t.Context(), v, bearer("a"), core.Authenticated())
	authorize(t.Context(), v, bearer("b"), core.Authenticated())
	if a.asked[0].authorization == a.asked[1].authorization {
		t.Error("the second call used the first secret")
	}
}

// What is legal and yet hardly meant is logged once, at the start.
func TestNewWarns(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    func(*core.Config)
		want string
	}{
		{"nothing to say", nil, ""},
		{
			"the default secret", func(c *core.Config) { c.ClientID, c.ClientSecret = "push", "hsup" },
			`level=WARN msg="the client secret is the default one that everybody knows: change it" client_id=push`,
		},
		{"the default secret on loopback", func(c *core.Config) {
			asMFP("http://localhost:9080/mfp/api")(c)
			c.ClientID, c.ClientSecret = "test", "test"
		}, ""},
		{
			"http off loopback", func(c *core.Config) { asMFP("http://mfp.example.com/mfp/api")(c); c.InsecureHTTP = true },
			`level=WARN msg="tokens and the client secret travel unencrypted (InsecureHTTP)" host=mfp.example.com`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			c := goodConfig(tt.f)
			c.Logger = slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}}))
			verifier(t, c)
			if got := strings.TrimSpace(b.String()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
