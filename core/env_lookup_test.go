package core_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// from returns a lookup in a map.
func from(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	}
}

// LG-07: a Config comes from anything that can be looked up in, under any prefix.
func TestFromLookup(t *testing.T) {
	for _, prefix := range []string{"", "auth.", "PAYMENTS_"} {
		c, err := core.FromLookup(from(map[string]string{
			prefix + "SERVER": base, prefix + "CLIENT_ID": "orders", prefix + "CLIENT_SECRET": "s3cret", prefix + "TIMEOUT": "2s",
		}), prefix)
		if err != nil || c.ClientID != "orders" || c.Timeout.Seconds() != 2 {
			t.Errorf("%q: got %+v and error %v", prefix, c, err)
		}
		_, err = core.FromLookup(from(nil), prefix)
		if want := "core: " + prefix + "SERVER is not set\n"; !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%q: got %v, want %s first", prefix, err, want)
		}
	}
}

// LG-07, LG-08: all mistakes are told at once, the most important first, each once.
func TestAllMistakesAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  map[string]string
		want []string
	}{
		{"nothing is set", nil, []string{
			"SERVER is not set", "CLIENT_ID is not set", "CLIENT_SECRET is not set, and CLIENT_SECRET_FILE is not either",
		}},
		{"much is wrong", map[string]string{"SERVER": "http://as.example.com/api", "CLIENT_ID": "a:b", "CLIENT_SECRET": "x\n", "CACHE_TTL": "30", "TIMEOUT": "1ns"}, []string{
			"SERVER is http:// to another host, which sends tokens in the clear: use https, or set INSECURE_HTTP=1",
			"CLIENT_ID contains a colon, which raw Basic credentials cannot carry: rename the client or use form-encoded Basic",
			`CACHE_TTL is "30", want a duration such as 30s, or 0`,
			"TIMEOUT is 1ns, want 1ms to 1h0m0s",
		}},
		{"an unknown profile", map[string]string{"PROFILE": "oauth3", "CLIENT_ID": "a", "CLIENT_SECRET": "b"}, []string{
			`PROFILE is "oauth3", want mobilefirst8, mobilefirst7, curity or rfc7662`, "SERVER is not set",
		}},
		{"settings without meaning under MobileFirst", map[string]string{
			"SERVER": base, "CLIENT_ID": "a", "CLIENT_SECRET": "b",
			"AUTH": "post", "AUDIENCE": "us", "ISSUER": "https://as.example.com", "TOKEN_URL": "https://as.example.com/token", "TOKEN_SCOPE": "x",
		}, []string{
			"AUTH has no meaning with the profile mobilefirst8: remove it, or change that",
			"TOKEN_URL has no meaning with the profile mobilefirst8: remove it, or change that",
			"TOKEN_SCOPE has no meaning with the profile mobilefirst8: remove it, or change that",
			"AUDIENCE has no meaning with the profile mobilefirst8: remove it, or change that",
			"ISSUER has no meaning with the profile mobilefirst8: remove it, or change that",
		}},
		{"any beside other audiences, and a bad server", map[string]string{
			"PROFILE": "rfc7662", "SERVER": "ftp://as.example.com", "CLIENT_ID": "a", "CLIENT_SECRET": "b", "AUDIENCE": "any us", "CA_FILE": "/nowhere/ca.pem",
		}, []string{
			`SERVER has scheme "ftp", want https`, "AUDIENCE is any beside others: choose one",
			"CA_FILE cannot be read: open /nowhere/ca.pem: no such file or directory",
		}},
		{"much is wrong with our own token", map[string]string{
			"PROFILE": "rfc7662", "SERVER": "https://as.example.com/introspect", "CLIENT_ID": "a", "CLIENT_SECRET": "b", "AUDIENCE": "any",
			"AUTH": "bearer", "TOKEN_URL": "as.example.com", "TOKEN_SCOPE": `a"b`,
		}, []string{"TOKEN_URL has no scheme: put https:// in front", `TOKEN_SCOPE has the character '"', which a scope cannot have (RFC 6749 section 3.3)`}},
		{"credentials without meaning under MobileFirst 7", map[string]string{
			"PROFILE": "mobilefirst7", "SERVER": "https://mfp.example.com/p", "CLIENT_ID": "a", "CLIENT_SECRET": "b",
		}, []string{
			"CLIENT_ID has no meaning with the profile mobilefirst7 without AUTH: remove it, or change that",
			"CLIENT_SECRET has no meaning with the profile mobilefirst7 without AUTH: remove it, or change that",
		}},
		{"MobileFirst 7 with half of its credentials", map[string]string{
			"PROFILE": "mobilefirst7", "SERVER": "https://mfp.example.com/p/authorization/v1", "AUTH": "basic-raw", "CLIENT_ID": "a",
		}, []string{
			"SERVER already has /authorization on it: leave that off, want https://host:port/<project>",
			"CLIENT_SECRET is not set, and CLIENT_SECRET_FILE is not either",
		}},
		{"settings without meaning beside basic", map[string]string{
			"PROFILE": "rfc7662", "SERVER": "https://as.example.com/introspect", "CLIENT_ID": "a", "CLIENT_SECRET": "b", "AUDIENCE": "any",
			"TOKEN_URL": "https://as.example.com/token",
		}, []string{"TOKEN_URL has no meaning with AUTH other than bearer: remove it, or change that"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := core.FromLookup(from(tt.set), "")
			if got, want := fmt.Sprint(err), "core: "+strings.Join(tt.want, "\ncore: "); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// LG-07: a variable with the prefix that no one reads is a mistake: it may be misspelled.
func TestUnknownVariables(t *testing.T) {
	for name, value := range map[string]string{"SERVER": base, "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret"} {
		t.Setenv("MFPGUARD_"+name, value)
	}
	if _, err := core.FromEnv(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"CLIENTID":  "core: MFPGUARD_CLIENTID is not a variable of this library: did you mean MFPGUARD_CLIENT_ID?",
		"CACHE":     "core: MFPGUARD_CACHE is not a variable of this library: did you mean MFPGUARD_CACHE_TTL?",
		"LOG_LEVEL": "core: MFPGUARD_LOG_LEVEL is not a variable of this library: want one of PROFILE, SERVER, CLIENT_ID,",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MFPGUARD_"+name, "x")
			if _, err := core.FromEnv(); !strings.HasPrefix(fmt.Sprint(err), want) {
				t.Errorf("got %v, want %s", err, want)
			}
			t.Setenv("MFPGUARD_"+name, "") // the same as none
			if _, err := core.FromEnv(); err != nil {
				t.Errorf("an empty one: %v", err)
			}
		})
	}
}

// LG-07: what Kubernetes sets for a Service with this name is no mistake, and a name that is odd is shown
// in one line. A misspelled profile is one mistake.
func TestVariablesOfOthers(t *testing.T) {
	for name, value := range map[string]string{
		"SERVER": base, "CLIENT_ID": "orders", "CLIENT_SECRET": "s3cret",
		"SERVICE_HOST": "10.0.0.1", "SERVICE_PORT": "80", "SERVICE_PORT_HTTP": "80", "PORT": "tcp://10.0.0.1:80", "PORT_80_TCP_ADDR": "10.0.0.1",
	} {
		t.Setenv("MFPGUARD_"+name, value)
	}
	if _, err := core.FromEnv(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"":     "core: MFPGUARD_ is not a variable of this library: want one of PROFILE,",
		"A\nB": `core: "MFPGUARD_A\nB" is not a variable of this library: want one of PROFILE,`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MFPGUARD_"+name, "x")
			if _, err := core.FromEnv(); !strings.HasPrefix(fmt.Sprint(err), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	t.Setenv("MFPGUARD_PROFILE", "rfc7622")
	t.Setenv("MFPGUARD_AUDIENCE", "us")
	if _, err := core.FromEnv(); fmt.Sprint(err) != `core: MFPGUARD_PROFILE is "rfc7622", want mobilefirst8, mobilefirst7, curity or rfc7662` {
		t.Errorf("a misspelled profile: %v", err)
	}
	if _, err := core.FromLookup(nil, ""); err == nil {
		t.Error("a nil lookup is no error")
	}
}

// LG-09: what the program sets on the Config of FromEnv reaches each client that it describes.
func TestSettingsReachTheTokenSource(t *testing.T) {
	synctest.Test(t, settingsReachTheTokenSource)
}

func settingsReachTheTokenSource(t *testing.T) {
	srv := coretest.New()
	c, err := core.FromLookup(from(map[string]string{
		"PROFILE": "rfc7662", "SERVER": srv.BaseURL() + "/az/v1/introspection", "AUDIENCE": "any", "CLIENT_ID": "test", "CLIENT_SECRET": "test",
		"AUTH": "bearer", "TOKEN_URL": srv.BaseURL() + "/az/v1/token", "TOKEN_SCOPE": "authorization.introspect",
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		urls = append(urls, r.URL.Path)
		return srv.Transport().RoundTrip(r)
	})
	var log bytes.Buffer
	c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	renewals := make(chan tokensource.Renewal, 9)
	c.Trace.Renewed = func(r tokensource.Renewal) { renewals <- r }
	v := verifier(t, c)
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // the event is told just after the caller goes on
	if got, want := fmt.Sprint(urls), "[/mfp/api/az/v1/token /mfp/api/az/v1/introspection]"; got != want {
		t.Errorf("the Transport carried %s, want %s", got, want)
	}
	if !strings.Contains(log.String(), "token") || len(renewals) != 1 {
		t.Errorf("%d renewals, and the log has\n%s", len(renewals), log.String())
	}
}

// LG-10: while our credentials are refused, a request is no reason for a line, in each mode.
func TestRefusedCredentialsFillNoLog(t *testing.T) {
	srv := coretest.New()
	srv.DeleteClient("test")
	own, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	rfc := core.RFC7662Config{IntrospectionURL: srv.BaseURL() + "/az/v1/introspection", AnyAudience: true}
	bearerMode := rfc
	bearerMode.TokenSource = own
	for name, change := range map[string]func(*core.Config){
		"MobileFirst":              func(*core.Config) {},
		"basic":                    withProfile(core.RFC7662(rfc)),
		"the program's own source": func(c *core.Config) { c.Profile, c.ClientID, c.ClientSecret = core.RFC7662(bearerMode), "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			v := mobileFirst(t, srv, change, func(c *core.Config) {
				c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo}))
			})
			for i := range 300 {
				if _, d := authorize(context.Background(), v, bearer(fmt.Sprint("t", i)), core.Authenticated()); d == nil || d.Status != 503 {
					t.Fatalf("got %+v, want 503", d)
				}
			}
			if n := strings.Count(log.String(), "\n"); n < 1 || n > 10 {
				t.Errorf("%d lines for 300 requests, want 1 to 10:\n%s", n, log.String())
			}
		})
	}
}
