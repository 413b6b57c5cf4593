package tokensource_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/h2non/gock"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// scripted lets gock answer everything for one test. It is global, so no test of this package runs in parallel.
func scripted(t *testing.T) {
	t.Helper()
	gock.DisableNetworking()
	t.Cleanup(gock.OffAll)
}

const endpoint = "https://as.invalid"

func wireConfig() tokensource.Config {
	return tokensource.Config{
		TokenURL: endpoint + "/mfp/api/az/v1/token", ClientID: "test", ClientSecret: "test",
		Scope: "messages.write push.application.com.acme.shop", Transport: gock.NewTransport(),
	}
}

func TestRequestOnTheWire(t *testing.T) {
	good := map[string]any{"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 3599}
	tests := []struct {
		name  string
		edit  func(*tokensource.Config)
		query string
		basic string // decoded; "" is no Authorization field
		form  url.Values
	}{
		// CC-01, CC-08, CC-10
		{"MobileFirst", func(*tokensource.Config) {}, "", "test:test", url.Values{
			"grant_type": {"client_credentials"}, "scope": {"messages.write push.application.com.acme.shop"},
		}},
		{"blanks in the scope", func(c *tokensource.Config) { c.Scope = "  a   b " }, "", "test:test", url.Values{ // CC-08
			"grant_type": {"client_credentials"}, "scope": {"a b"},
		}},
		{"no scope", func(c *tokensource.Config) { c.Scope = "" }, "", "test:test", url.Values{"grant_type": {"client_credentials"}}}, // CC-09
		{"a blank scope", func(c *tokensource.Config) { c.Scope = "  " }, "", "test:test", url.Values{"grant_type": {"client_credentials"}}},
		{"a query of the endpoint", func(c *tokensource.Config) { c.TokenURL += "?t=1" }, "t=1", "test:test", url.Values{ // CC-11
			"grant_type": {"client_credentials"}, "scope": {"messages.write push.application.com.acme.shop"},
		}},
		{"a secret that a form escapes", func(c *tokensource.Config) { c.ClientSecret = "darwIn$hfr" }, "", "test:darwIn$hfr", url.Values{
			"grant_type": {"client_credentials"}, "scope": {"messages.write push.application.com.acme.shop"},
		}},
		{"form-encoded Basic", func(c *tokensource.Config) { // CC-04
			c.ClientID, c.ClientSecret, c.ClientAuth = "a:b", "p@ss wörd+/%", tokensource.Basic
		}, "", "a%3Ab:p%40ss+w%C3%B6rd%2B%2F%25", url.Values{
			"grant_type": {"client_credentials"}, "scope": {"messages.write push.application.com.acme.shop"},
		}},
		{"Post", func(c *tokensource.Config) { c.ClientSecret, c.ClientAuth = "a&b=c", tokensource.Post }, "", "", url.Values{ // CC-06, CC-07, A74
			"grant_type": {"client_credentials"}, "scope": {"messages.write push.application.com.acme.shop"},
			"client_id": {"test"}, "client_secret": {"a&b=c"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			scripted(t)
			var got *http.Request
			var body []byte
			gock.New(endpoint).Post("/mfp/api/az/v1/token").AddMatcher(func(r *http.Request, _ *gock.Request) (bool, error) {
				got = r.Clone(context.Background())
				var err error
				body, err = io.ReadAll(r.Body)
				return true, err
			}).Reply(200).JSON(good)
			c := wireConfig()
			tt.edit(&c)
			tok := token(t, newSource(t, c))
			if tok.AccessToken != "t0k3n" {
				t.Errorf("token is %q", string(tok.AccessToken))
			}
			if got.URL.RawQuery != tt.query {
				t.Errorf("query is %q, want %q", got.URL.RawQuery, tt.query)
			}
			encoded, basic := strings.CutPrefix(got.Header.Get("Authorization"), "Basic ")
			if plain, err := base64.StdEncoding.DecodeString(encoded); string(plain) != tt.basic || err != nil || basic != (tt.basic != "") {
				t.Errorf("Authorization is %q, decoded %q, want %q", got.Header.Get("Authorization"), plain, tt.basic)
			}
			if sent, err := url.ParseQuery(string(body)); err != nil || sent.Encode() != tt.form.Encode() {
				t.Errorf("form is %q, %v, want %q", body, err, tt.form.Encode())
			}
			for name, want := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"} { // CC-58
				if got.Header.Get(name) != want {
					t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
				}
			}
			if !gock.IsDone() {
				t.Error("not every scripted answer was asked for")
			}
		})
	}
}

// CC-24, scripted: the second answer of two is the one that counts.
func TestScriptedRecovery(t *testing.T) {
	scripted(t)
	gock.New(endpoint).Post("/mfp/api/az/v1/token").Reply(503).BodyString("<html>")
	gock.New(endpoint).Post("/mfp/api/az/v1/token").Reply(200).
		JSON(map[string]any{"access_token": "t0k3n", "token_type": "bearer", "expires_in": "3599", "scope": "push.application.com.acme.shop messages.write x"})
	tok := token(t, newSource(t, wireConfig()))
	if tok.AccessToken != "t0k3n" || tok.Scope != "push.application.com.acme.shop messages.write x" {
		t.Errorf("token is %+v", tok)
	}
	if !gock.IsDone() {
		t.Error("not every scripted answer was asked for")
	}
}

// The whole request, byte for byte.
func TestRequestTranscript(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	request := make(chan string, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var raw bytes.Buffer
		if r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &raw))); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		request <- raw.String()
		const body = `{"access_token":"eyJhbGciOiJSUzI1NiIsImp3ayI6e30","token_type":"Bearer","expires_in":3599,"scope":"messages.write"}`
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nPragma: no-cache\r\nConnection: close\r\n\r\n"+body)
	}()
	src := newSource(t, tokensource.Config{
		TokenURL: "http://" + ln.Addr().String() + "/mfp/api/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "messages.write",
	})
	if tok := token(t, src); tok.AccessToken != "eyJhbGciOiJSUzI1NiIsImp3ayI6e30" || tok.Scope != "messages.write" {
		t.Errorf("token is %+v", tok)
	}
	want, err := os.ReadFile("testdata/token_request.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(strings.ReplaceAll(<-request, ln.Addr().String(), "mfp.example.com:9080"), "\r\n", "\n")
	if got != strings.TrimSuffix(string(want), "\n") {
		t.Errorf("the request is\n%s\nwant\n%s", got, want)
	}
}

// CC-47, A11: two scopes of one client never get each other's token.
func TestScopesDoNotMix(t *testing.T) {
	srv := coretest.New()
	want := map[string]*tokensource.Source{}
	for _, scope := range []string{"a", "b", "a b"} {
		c := config(srv)
		c.Scope = scope
		want[scope] = newSource(t, c)
	}
	for range 3 {
		for scope, src := range want {
			if tok := token(t, src); tok.Scope != scope {
				t.Errorf("the token for %q has the scope %q", scope, tok.Scope)
			}
		}
	}
	wantCalls(t, srv, 3)
}

// CC-59
func TestTokenRequestCarriesNoBearer(t *testing.T) {
	srv := coretest.New()
	src := newSource(t, config(srv))
	src.Invalidate(token(t, src))
	token(t, src)
	for _, r := range srv.Requests(coretest.Token) {
		if got := r.Header.Values("Authorization"); len(got) != 1 || !strings.HasPrefix(got[0], "Basic ") {
			t.Errorf("a token request carries %q, want the Basic credentials alone", got)
		}
	}
}
