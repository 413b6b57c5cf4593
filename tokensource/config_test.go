package tokensource_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

func TestNewRefuses(t *testing.T) {
	secret := func(context.Context) (tokensource.Secret, error) { return "canary", nil }
	tests := []struct {
		name string
		edit func(*tokensource.Config)
		want string // in the error; "" is no error
	}{
		{"nothing", func(*tokensource.Config) {}, ""},
		// CC-02, CC-11, IN-14
		{"no URL", func(c *tokensource.Config) { c.TokenURL = "" }, "Config.TokenURL is empty"},
		{"http to another host", func(c *tokensource.Config) { c.TokenURL = "http://as.test/token" }, "Config.TokenURL is http:// to another host"},
		{"http to another host, allowed", func(c *tokensource.Config) { c.TokenURL, c.InsecureHTTP = "http://as.test/token", true }, ""},
		{"http to this host", func(c *tokensource.Config) { c.TokenURL = "http://127.0.0.1/token" }, ""},
		{"a fragment", func(c *tokensource.Config) { c.TokenURL += "#x" }, "Config.TokenURL has a fragment"},
		{"a query", func(c *tokensource.Config) { c.TokenURL += "?t=1" }, ""},
		{"a password in the URL", func(c *tokensource.Config) { c.TokenURL = "https://id:canary@as.test/token" }, "Config.TokenURL carries user information"},
		// CC-03, CC-05
		{"no id", func(c *tokensource.Config) { c.ClientID = "" }, "Config.ClientID is empty"},
		{"no secret", func(c *tokensource.Config) { c.ClientSecret = "" }, "Config.ClientSecret is empty"},
		{"a secret from a function", func(c *tokensource.Config) { c.ClientSecret, c.ClientSecretFunc = "", secret }, ""},
		{"two secrets", func(c *tokensource.Config) { c.ClientSecretFunc = secret }, "both set"},
		{"a line break in the secret", func(c *tokensource.Config) { c.ClientSecret = "can\nary" }, "Config.ClientSecret contains a control character"},
		{"a line break at the end of the secret", func(c *tokensource.Config) { c.ClientSecret = "canary\n" }, ""}, // JL-07
		{"nothing but a line break", func(c *tokensource.Config) { c.ClientSecret = "\n" }, "Config.ClientSecret is empty"},
		// LG-06
		{"no scheme", func(c *tokensource.Config) { c.TokenURL = "as.test:9443/token" }, "Config.TokenURL has no scheme: put https:// in front"},
		{"no path", func(c *tokensource.Config) { c.TokenURL = "https://as.test" }, "Config.TokenURL has no path: append that of the token endpoint"},
		{"the root", func(c *tokensource.Config) { c.TokenURL = "https://as.test//" }, "Config.TokenURL has no path"},
		{"MobileFirst's introspection endpoint", func(c *tokensource.Config) { c.TokenURL = "https://as.test/mfp/api/az/v1/introspection" }, "Config.TokenURL is the introspection endpoint: want the token endpoint"},
		{"Keycloak's introspection endpoint", func(c *tokensource.Config) { c.TokenURL = "https://as.test/token/introspect/" }, "Config.TokenURL is the introspection endpoint"},
		{"MobileFirst's base URL", func(c *tokensource.Config) { c.TokenURL = "https://as.test/mfp/api" }, "Config.TokenURL is the base URL of MobileFirst: append /az/v1/token"},
		{"the same and a slash", func(c *tokensource.Config) { c.TokenURL = "https://as.test/mfp/api/" }, "append /az/v1/token"},
		{"the base of its endpoints", func(c *tokensource.Config) { c.TokenURL = "https://as.test/mfp/api/az/v1" }, "append /token"},
		{"a token endpoint below api", func(c *tokensource.Config) { c.TokenURL = "https://as.test/api/token" }, ""},
		{"a token endpoint of another name", func(c *tokensource.Config) { c.TokenURL = "https://as.test/myapi" }, ""},
		{"a nil transport with a type", func(c *tokensource.Config) { c.Transport = (*http.Transport)(nil) }, "Config.Transport is a nil *http.Transport"},
		{"a colon in the id", func(c *tokensource.Config) { c.ClientID = "a:b" }, "Config.ClientID contains a colon"}, // IN-08
		{"a colon in a form-encoded id", func(c *tokensource.Config) { c.ClientID, c.ClientAuth = "a:b", tokensource.Basic }, ""},
		{"an unknown way of authentication", func(c *tokensource.Config) { c.ClientAuth = "digest" }, `Config.ClientAuth is "digest", want "basic-raw", "basic", "post" or "tls_client_auth"`},
		// CC-08
		{"no scope", func(c *tokensource.Config) { c.Scope = "" }, ""},
		{"a quotation mark in the scope", func(c *tokensource.Config) { c.Scope = `a"b` }, "Config.Scope has the character '\"'"},
		{"a backslash in the scope", func(c *tokensource.Config) { c.Scope = `a\b` }, "Config.Scope has the character"},
		{"no ASCII in the scope", func(c *tokensource.Config) { c.Scope = "é" }, "Config.Scope has the character"},
		{"a tab in the scope", func(c *tokensource.Config) { c.Scope = "a\tb" }, "Config.Scope has the character"},
		{"a wildcard as the scope", func(c *tokensource.Config) { c.Scope = "**" }, ""},
		// AV-16
		{"a negative timeout", func(c *tokensource.Config) { c.Timeout = -time.Second }, "Config.Timeout is -1s, want 1ms to 1h0m0s, or 0 for 5s"},
		{"a timeout of a nanosecond", func(c *tokensource.Config) { c.Timeout = 1 }, "Config.Timeout is 1ns, want 1ms to 1h0m0s"},
		{"the least timeout", func(c *tokensource.Config) { c.Timeout = time.Millisecond }, ""},
		{"the longest timeout", func(c *tokensource.Config) { c.Timeout = time.Hour }, ""},
		{"a longer timeout", func(c *tokensource.Config) { c.Timeout = time.Hour + 1 }, "Config.Timeout is 1h0m0.000000001s, want 1ms to 1h0m0s"},
		{"a timeout of a hundred years", func(c *tokensource.Config) { c.Timeout = 100 * 365 * 24 * time.Hour }, "want 1ms to 1h0m0s"},
		// CN-07
		{"a CA file that is not there", func(c *tokensource.Config) { c.CAFile = "/nowhere/ca.pem" }, "Config.CAFile cannot be read: open /nowhere/ca.pem"},
		{"a CA file without a certificate", func(c *tokensource.Config) { c.CAFile = "config_test.go" }, "Config.CAFile config_test.go has no certificate in it"},
		{"a CA file and a transport", func(c *tokensource.Config) {
			c.CAFile, c.Transport = "ca.pem", &http.Transport{}
		}, "Config.CAFile and Config.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)"},
		// CN-08
		{"a host that is not ASCII", func(c *tokensource.Config) { c.TokenURL = "https://mfp.\u0130bm.test/token" }, "Config.TokenURL has a host that is not ASCII"},
		{"a transport that trusts anybody", func(c *tokensource.Config) { // IN-16
			c.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		}, "Config.Transport sets InsecureSkipVerify"},
		{"a transport with TLS 1.0", func(c *tokensource.Config) { // IN-15
			c.Transport = &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS10}}
		}, "Config.Transport allows TLS below 1.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tokensource.Config{TokenURL: "https://as.test/token", ClientID: "rs1", ClientSecret: "s3cret", Scope: "a b"}
			tt.edit(&c)
			src, err := tokensource.New(c)
			switch {
			case tt.want == "" && (err != nil || src == nil):
				t.Errorf("New = %v, %v, want a Source", src, err)
			case tt.want != "" && (err == nil || src != nil || !strings.HasPrefix(err.Error(), "tokensource: ") || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("New = %v, %v, want %q", src, err, tt.want)
			case tt.want != "" && !namesField(err):
				t.Errorf("New = %v, want a *ConfigError in it that names the field", err)
			case err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "s3cret")):
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

// namesField reports whether err is "tokensource: " and the text of a ConfigError, which begins with its Field.
func namesField(err error) bool {
	e, ok := errors.AsType[*tokensource.ConfigError](err)
	if !ok {
		return false
	}
	where, field, _ := strings.Cut(e.Field, ".")
	of := map[string]any{"Config": tokensource.Config{}, "ClientAssertion": tokensource.ClientAssertion{}}[where]
	return err.Error() == "tokensource: "+e.Error() && of != nil && reflect.ValueOf(of).FieldByName(field).IsValid()
}

func TestConfigErrorNamesTheField(t *testing.T) {
	_, err := tokensource.New(tokensource.Config{TokenURL: "https://as.test/token", ClientID: "rs1", ClientSecret: "s", CAFile: "/nowhere/ca.pem"})
	e, ok := errors.AsType[*tokensource.ConfigError](err)
	if !ok || e.Field != "Config.CAFile" {
		t.Fatalf("New = %v, want a *ConfigError about Config.CAFile", err)
	}
	if want := "Config.CAFile " + e.Err.Error(); e.Error() != want {
		t.Errorf("its text is %q, want %q", e, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("New = %v, want the cause in the chain", err)
	}
}

func TestCheckScope(t *testing.T) {
	for scope, ok := range map[string]bool{
		"": true, "a": true, "a b": true, "  a  b ": true, "clients:read-public": true, "**": true, "https://x/y?z=1": true, "a,b": true,
		`a"b`: false, `a\b`: false, "é": false, "a\nb": false, "a\x00": false, "a\x7f": false,
	} {
		if err := tokensource.CheckScope(scope); (err == nil) != ok {
			t.Errorf("CheckScope(%q) = %v, want accepted: %v", scope, err, ok)
		}
	}
}

// CC-60: New does not talk to anybody.
func TestNewDoesNoIO(t *testing.T) {
	_ = newSource(t, tokensource.Config{
		TokenURL: "https://as.test/token", ClientID: "rs1", ClientSecret: "s3cret",
		Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			t.Error("a request")
			return nil, http.ErrServerClosed
		}),
	})
}
