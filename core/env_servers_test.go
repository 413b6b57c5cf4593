package core_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// What each profile needs, and nothing that is silently ignored.
func TestFromLookupOfEachServer(t *testing.T) {
	seven := map[string]string{"PROFILE": "mobilefirst7", "SERVER": "https://mfp.example.com/shop"}
	curity := map[string]string{
		"PROFILE": "curity", "SERVER": "https://curity.example.com/oauth/v2/oauth-introspect", "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret", "AUDIENCE": "orders",
	}
	rfc := map[string]string{
		"PROFILE": "rfc7662", "SERVER": "https://as.example.com/introspect", "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret", "AUDIENCE": "any",
	}
	signed := map[string]string{"JWKS_URL": "https://as.example.com/jwks", "ISSUER": "https://as.example.com"}
	for _, tt := range []struct {
		name      string
		base, set map[string]string // "" takes a variable away
		want      string            // of the error, a line each
	}{
		{"MobileFirst 7", seven, nil, ""},
		{"MobileFirst 7, offline", seven, map[string]string{"OFFLINE": "1"}, ""},
		{"MobileFirst 7, offline with credentials", seven, map[string]string{"OFFLINE": "1", "AUTH": "basic", "CLIENT_ID": "a", "CLIENT_SECRET": "b"}, "X_AUTH has no meaning with Offline, which sends no credentials: remove one of them"},
		{"MobileFirst 7, none by name", seven, map[string]string{"AUTH": "none"}, `X_AUTH is "none", want basic, basic-raw or post, or remove it: then no credentials are sent`},
		{"MobileFirst 7, signed", seven, signed, "X_ISSUER has no meaning with the profile mobilefirst7: remove it, or change that\ncore: X_JWKS_URL has no meaning with the profile mobilefirst7: remove it, or change that"},
		{"MobileFirst 8, offline", map[string]string{"SERVER": "https://mfp.example.com/mfp/api", "CLIENT_ID": "a", "CLIENT_SECRET": "b"}, map[string]string{"OFFLINE": "1"}, "X_OFFLINE has no meaning with the profile mobilefirst8: remove it, or change that"},
		{"Curity", curity, nil, ""},
		{"Curity, post", curity, map[string]string{"AUTH": "post"}, ""},
		{"Curity, raw", curity, map[string]string{"AUTH": "basic-raw"}, ""},
		{"Curity, bearer", curity, map[string]string{"AUTH": "bearer"}, `X_AUTH is "bearer", want basic, basic-raw, post, private_key_jwt or tls_client_auth`},
		{"Curity, signed", curity, signed, ""},
		{"Curity, signed by no issuer", curity, map[string]string{"JWKS_URL": signed["JWKS_URL"]}, `X_ISSUER is empty: it is the "iss" that the signed answers of the server must have`},
		{"Curity, keys over http", curity, map[string]string{"JWKS_URL": "http://as.example.com/jwks", "ISSUER": signed["ISSUER"]}, "X_JWKS_URL is http:// to another host, which sends tokens in the clear: use https, or set X_INSECURE_HTTP=1"},
		{"Curity, any audience", curity, map[string]string{"AUDIENCE": "any"}, ""},
		{"Curity, nothing", map[string]string{"PROFILE": "curity"}, nil, "X_SERVER is not set\ncore: X_CLIENT_ID is not set\ncore: X_CLIENT_SECRET is not set, and X_CLIENT_SECRET_FILE is not either\ncore: X_AUDIENCE is not set: name this service as the server does in aud, or any"},
		{"Curity, what has no meaning", curity, map[string]string{"TOKEN_URL": "https://as.example.com/token", "OFFLINE": "1"}, "X_TOKEN_URL has no meaning with the profile curity: remove it, or change that\ncore: X_OFFLINE has no meaning with the profile curity: remove it, or change that"},
		{"RFC 7662, signed", rfc, signed, ""},
		{"RFC 7662, offline", rfc, map[string]string{"OFFLINE": "1"}, "X_OFFLINE has no meaning with the profile rfc7662: remove it, or change that"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values := maps.Clone(tt.base)
			maps.Copy(values, tt.set)
			c, err := core.FromLookup(func(name string) (string, bool) { v, ok := values[strings.TrimPrefix(name, "X_")]; return v, ok }, "X_")
			want := "<nil>"
			if tt.want != "" {
				want = "core: " + tt.want
			}
			if got := fmt.Sprint(err); got != want {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
			if err == nil {
				_, err = core.New(c)
			}
			if tt.want == "" && err != nil {
				t.Error(err)
			}
		})
	}
}
