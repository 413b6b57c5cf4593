package coretest_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// given are the states of a server that a transcript may need.
var given = map[string]func(*coretest.Server){
	"test tokens":     func(s *coretest.Server) { s.SetVariants(coretest.Variants{TestTokens7: true}) },
	"inactive":        func(s *coretest.Server) { s.SetVariants(coretest.Variants{Validation7: coretest.Inactive7}) },
	"shop":            func(s *coretest.Server) { s.ProtectRealms("/adapters/shop", "realmA realmB") },
	"JSON only":       func(s *coretest.Server) { s.SetVariants(coretest.Variants{JSONOnly: true}) },
	"unsupported JWT": func(s *coretest.Server) { s.SetVariants(coretest.Variants{UnsupportedJWT: true}) },
	"401 for no introspection": func(s *coretest.Server) {
		s.SetVariants(coretest.Variants{NoIntrospection401: true})
	},
	"overload": func(s *coretest.Server) {
		s.Inject(coretest.Introspection, 1, coretest.Status(503, "Retry-After", "7"))
	},
	"not deployed": func(s *coretest.Server) { s.Inject(coretest.Introspection, 1, coretest.HTML(404)) },
	"a protected resource": func(s *coretest.Server) {
		s.Protect("/adapters/shop", "orders.read")
	},
	"a conflict": func(s *coretest.Server) { s.Conflict(1) },
}

// assertionKey is the key of the client "signer".
var assertionKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// setClients adds the clients of the transcripts.
func setClients(srv *coretest.Server) {
	for _, c := range []coretest.Client{
		{ID: "rs", Secret: "s3cret", AllowedScope: "authorization.introspect read write"},
		{ID: "quoting", Secret: "a+b:c%d", AllowedScope: "read"},
		{ID: "signer", PublicKey: assertionKey.Public(), AllowedScope: "read"},
		{ID: "no-tokens", Secret: "s3cret", NoTokens: true},
		{ID: "no-introspection", Secret: "s3cret", NoIntrospection: true},
	} {
		srv.SetClient(c)
	}
}

// assert makes an assertion of "signer", with some claims changed; nil removes one.
func assert(srv *coretest.Server, change map[string]any) string {
	claims := map[string]any{
		"iss": "signer", "sub": "signer", "aud": srv.Issuer(coretest.RFC7662), "jti": fmt.Sprint(time.Now().UnixNano()),
		"exp": time.Now().Add(time.Minute).Unix(),
	}
	for name, value := range change {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]string{"alg": "EdDSA"}) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(assertionKey, []byte(text)))
}

// placeholders are the values that a request may need. A dialect has no tokens of another.
func placeholders(srv *coretest.Server, d coretest.Dialect) map[string]func() string {
	full := coretest.Grant{
		ClientID: "app-1", Scope: "read write", Audience: []string{"https://rs.example.com"},
		User:   &coretest.User{ID: "alice", DisplayName: "Alice", AuthenticatedBy: "login", AuthenticatedAt: time.UnixMilli(1591254970000)},
		Device: &coretest.Device{ID: "d1", Hardware: "Pixel 4", Platform: "android 12"},
	}
	if d == coretest.MobileFirst7 {
		full.Scope = "realmA realmB"
	}
	token := func(change func(g *coretest.Grant)) func() string {
		return func() string {
			g := full
			change(&g)
			return srv.Mint(g)
		}
	}
	own := func(scope string, lifetime time.Duration) func() string {
		return token(func(g *coretest.Grant) { g.Confidential, g.ClientID, g.Scope, g.Lifetime = true, "rs", scope, lifetime })
	}
	lapsed := func(optional bool) func() string {
		return token(func(g *coretest.Grant) {
			g.Scope, g.Realms = "realmA", map[string]coretest.Realm{"realmC": {Lifetime: -time.Second, Optional: optional}}
		})
	}
	asserts := func(name string, value any) func() string {
		return func() string { return assert(srv, map[string]any{name: value}) }
	}
	return map[string]func() string{
		"host":                        func() string { return host(srv) },
		"access":                      token(func(*coretest.Grant) {}),
		"expired":                     token(func(g *coretest.Grant) { g.Lifetime = -time.Second }),
		"jwt":                         token(func(g *coretest.Grant) { g.JWT = true }),
		"id token":                    token(func(g *coretest.Grant) { g.IDToken = true }),
		"mandatory expired":           lapsed(false),
		"optional expired":            lapsed(true),
		"own":                         own("authorization.introspect", 0),
		"own without scope":           own("read", 0),
		"own expired":                 own("authorization.introspect", -time.Second),
		"assertion":                   func() string { return assert(srv, nil) },
		"assertion for the endpoint":  asserts("aud", srv.URL+"/oauth2/token"),
		"assertion for two":           asserts("aud", []string{srv.Issuer(coretest.RFC7662), "https://evil.example.com"}),
		"assertion for another":       asserts("aud", "https://evil.example.com"),
		"assertion of another":        asserts("iss", "rs"),
		"assertion that expired":      asserts("exp", time.Now().Add(-time.Minute).Unix()),
		"assertion without end":       asserts("exp", nil),
		"assertion without id":        asserts("jti", nil),
		"assertion of an unknown one": func() string { return assert(srv, map[string]any{"iss": "other", "sub": "other"}) },
	}
}
