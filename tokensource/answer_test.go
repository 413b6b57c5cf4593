package tokensource_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// What of an answer is believed. Each row changes one thing about a good answer.
func TestAnswers(t *testing.T) {
	set, drop := coretest.SetMember, coretest.DropMember
	body := func(s string) coretest.Fault { return coretest.Body(200, "application/json", s) }
	tests := []struct {
		name  string
		fault coretest.Fault
		life  time.Duration // of the token; 0 is an error
		want  string        // in the error
	}{
		{"a good answer", set("x", "1"), 3599 * time.Second, ""},
		// CC-12
		{"no access_token", drop("access_token"), 0, `"access_token"`},
		{"an empty access_token", set("access_token", `""`), 0, `"access_token"`},
		{"a number as access_token", set("access_token", "5"), 0, `"access_token" is a number`},
		{"null as access_token", set("access_token", "null"), 0, `"access_token" is missing`},
		{"ACCESS_TOKEN instead", body(`{"ACCESS_TOKEN":"a","token_type":"Bearer","expires_in":60}`), 0, `"access_token"`},
		// CC-13
		{"a line break in access_token", set("access_token", `"canary\r\nX: 1"`), 0, "no header can carry"},
		{"a blank in access_token", set("access_token", `"canary b"`), 0, "no header can carry"},
		{"a NUL in access_token", set("access_token", `"canary\u0000"`), 0, "no header can carry"},
		{"no ASCII in access_token", set("access_token", `"canaryé"`), 0, "no header can carry"},
		// CC-14, CC-15
		{"bearer in lower case", set("token_type", `"bearer"`), 3599 * time.Second, ""},
		{"BEARER in upper case", set("token_type", `"BEARER"`), 3599 * time.Second, ""},
		{"no token_type", drop("token_type"), 0, `"token_type"`},
		{"an empty token_type", set("token_type", `""`), 0, `"token_type"`},
		{"null as token_type", set("token_type", "null"), 0, `"token_type" is missing`},
		{"mac as token_type", set("token_type", `"mac"`), 0, `"token_type"`},
		{"DPoP as token_type", set("token_type", `"DPoP"`), 0, `"token_type"`},
		{"a Kelvin sign in token_type", set("token_type", `"bearer\u212a"`), 0, `"token_type"`},
		// CC-16, CC-17, CC-18, CC-19
		{"no expires_in", drop("expires_in"), 5 * time.Minute, ""},
		{"expires_in 0", set("expires_in", "0"), 0, "less than one second"},
		{"expires_in -5", set("expires_in", "-5"), 0, "less than one second"},
		{"expires_in -0", set("expires_in", "-0"), 0, "less than one second"},
		{"expires_in 0.9", set("expires_in", "0.9"), 0, "less than one second"},
		{"expires_in 1", set("expires_in", "1"), time.Second, ""},
		{"expires_in 3599.5", set("expires_in", "3599.5"), 3599 * time.Second, ""},
		{"expires_in 3.6e3", set("expires_in", "3.6e3"), time.Hour, ""},
		{"expires_in 86401", set("expires_in", "86401"), 24 * time.Hour, ""},
		{"expires_in 1e18", set("expires_in", "1e18"), 24 * time.Hour, ""},
		{"expires_in 1e999", set("expires_in", "1e999"), 24 * time.Hour, ""},
		{"expires_in -1e999", set("expires_in", "-1e999"), 0, "less than one second"},
		{"expires_in 9223372036854775808", set("expires_in", "9223372036854775808"), 24 * time.Hour, ""},
		{"a string as expires_in", set("expires_in", `"3599"`), 3599 * time.Second, ""},
		{"a string with a fraction", set("expires_in", `"3599.5"`), 3599 * time.Second, ""},
		{"a string with 0", set("expires_in", `"0"`), 0, "less than one second"},
		{"a string with -5", set("expires_in", `"-5"`), 0, "less than one second"},
		{"a word as expires_in", set("expires_in", `"abc"`), 0, "not a number"},
		{"an empty string as expires_in", set("expires_in", `""`), 0, "not a number"},
		{"NaN as expires_in", set("expires_in", `"NaN"`), 0, "not a number"},
		{"Inf as expires_in", set("expires_in", `"Inf"`), 0, "not a number"},
		{"a hexadecimal string as expires_in", set("expires_in", `"0x10"`), 0, "not a number"},
		{"true as expires_in", set("expires_in", "true"), 0, `"expires_in" is a boolean`},
		{"null as expires_in", set("expires_in", "null"), 5 * time.Minute, ""}, // JL-01
		{"an array as expires_in", set("expires_in", "[60]"), 0, `"expires_in" is an array`},
		// JL-05, which replaces CC-21 and D7; TestGrantedScope has the rows of less scope
		{"no scope, which means as asked", drop("scope"), 3599 * time.Second, ""},
		{"an empty scope, which means as asked", set("scope", `""`), 3599 * time.Second, ""},
		{"null as scope, which means as asked", set("scope", "null"), 3599 * time.Second, ""},
		{"more scope than asked", set("scope", `"b messages.write a"`), 3599 * time.Second, ""},
		{"a number as scope", set("scope", "5"), 0, `"scope" is a number`},
		{"an array as scope", set("scope", `["messages.write"]`), 0, `"scope" is an array`},
		// CC-22, CC-23
		{"a refresh token", set("refresh_token", `"canary"`), 3599 * time.Second, ""},
		{"members of any kind", set("x", `{"y":[1,null]}`), 3599 * time.Second, ""},
		// CC-29
		{"an error beside a token", set("error", `"invalid_client"`), 0, "invalid_client"},
		{"an empty error beside a token", set("error", `""`), 3599 * time.Second, ""},      // JL-02
		{"null as the error beside a token", set("error", "null"), 3599 * time.Second, ""}, // JL-02
		{"an empty error alone", body(`{"error":""}`), 0, `"access_token" is missing`},
		{"a blank as the error beside a token", set("error", `" "`), 0, "unknown_error"},
		{"null for all that may be left out", body(`{"access_token":"a","token_type":"Bearer","expires_in":3599,"scope":null,"refresh_token":null,"error":null,"errorCode":null,"x":null}`), 3599 * time.Second, ""}, // JL-01
		{"an error alone", body(`{"error":"invalid_client"}`), 0, "invalid_client"},
		// CC-31
		{"access_token twice", coretest.RepeatMember("access_token", `"canary"`), 0, "appears twice"},
		{"expires_in twice", coretest.RepeatMember("expires_in", "5"), 0, "appears twice"},
		{"a nested name twice", set("x", `{"a":1,"a":2}`), 0, "appears twice"},
		{"100 000 brackets", set("x", strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000)), 0, "nested"},
		{"more than a mebibyte", coretest.Oversize(1 << 20), 0, "exceeds the size limit"},
		{"a stray byte", body("{\"access_token\":\"canary\xff\"}"), 0, "UTF-8"},
		{"two documents", body(`{}{}`), 0, "data after the object"},
		{"an array", body(`[{"access_token":"canary"}]`), 0, "is an array"},
		{"null", body(`null`), 0, "is null"},
		{"an empty body", body(""), 0, "is empty"}, // A31
		{"a login page", coretest.HTML(200), 0, "not JSON"},
		{"half an answer", coretest.Truncate(), 0, "unexpected EOF"},
		{"a compressed answer", coretest.Gzip(), 3599 * time.Second, ""},
		{"204", coretest.Status(204), 0, "answered 204"},
		{"201 with a token", coretest.Body(201, "application/json", `{"access_token":"a","token_type":"Bearer","expires_in":60}`), 0, "answered 201"}, // A34
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.Inject(coretest.Token, coretest.Always, tt.fault)
				begun := time.Now()
				tok, err := newSource(t, config(srv)).Token(t.Context())
				if tt.life == 0 {
					if err == nil || !strings.Contains(err.Error(), tt.want) || tok != (tokensource.Token{}) {
						t.Fatalf("Token = %v, %v, want %q", tok, err, tt.want)
					}
					if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "canary") {
						t.Errorf("the error repeats the answer: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := tok.ExpiresAt.Sub(begun); got != tt.life {
					t.Errorf("lifetime is %v, want %v", got, tt.life)
				}
				if !strings.Contains(" "+tok.Scope+" ", " messages.write ") || tok.AccessToken == "" || strings.Contains(string(tok.AccessToken), "canary") {
					t.Errorf("token is %+v", tok)
				}
			})
		})
	}
}

// CC-21: a source that asks for nothing takes what it gets.
func TestNoScopeAsked(t *testing.T) {
	srv := coretest.New()
	c := config(srv)
	c.Scope = ""
	if tok := token(t, newSource(t, c)); tok.Scope != "RegisteredClient" {
		t.Errorf("scope is %q, want what the server granted", tok.Scope)
	}
	if _, sent := srv.Requests(coretest.Token)[0].Form["scope"]; sent { // CC-09
		t.Error("an empty scope parameter was sent")
	}
}

// The refusals of servers, measured or documented, and what a caller can tell from them.
func TestErrorAnswers(t *testing.T) {
	json := func(status int, body string) coretest.Fault { return coretest.Body(status, "application/json", body) }
	tests := []struct {
		name   string
		fault  coretest.Fault
		status int
		code   tokensource.ErrorCode
		want   string // in the text
	}{
		// CC-24
		{"invalid_request", json(400, `{"error":"invalid_request"}`), 400, tokensource.ErrInvalidRequest, ""},
		{"invalid_client", json(400, `{"error":"invalid_client"}`), 400, tokensource.ErrInvalidClient, "the client id or secret is wrong"},
		{"invalid_grant", json(400, `{"error":"invalid_grant"}`), 400, tokensource.ErrInvalidGrant, ""},
		{"unauthorized_client", json(400, `{"error":"unauthorized_client"}`), 400, tokensource.ErrUnauthorizedClient, "the client may not use the grant client_credentials"},
		{"unsupported_grant_type", json(400, `{"error":"unsupported_grant_type"}`), 400, tokensource.ErrUnsupportedGrantType, "the client may not use the grant client_credentials"},
		{"invalid_scope", json(400, `{"error":"invalid_scope"}`), 400, tokensource.ErrInvalidScope, `allowed scope does not cover "messages.write"`},
		{"a code of its own", json(400, `{"error":"scope_invalid"}`), 400, "scope_invalid", "allowed scope does not cover"},
		// CC-26
		{"401 and a challenge", coretest.Status(401, "WWW-Authenticate", "Basic"), 401, "", "the client id or secret is wrong"},
		{"401 invalid_client", json(401, `{"error":"invalid_client"}`), 401, tokensource.ErrInvalidClient, ""},
		{"403 without a body", coretest.Status(403), 403, "", "the client id or secret is wrong"},
		{"MobileFirst's errorCode", json(400, `{"errorCode":"INVALID_CLIENT_ID","errorMsg":"canary"}`), 400, tokensource.ErrInvalidClient, ""},
		{"400 without a body", coretest.Status(400), 400, "", "answered 400"},
		{"400 with an empty error", json(400, `{"error":""}`), 400, "", "answered 400"},
		{"400 null", json(400, "null"), 400, "", "answered 400"},
		{"404 of an application server", coretest.HTML(404), 404, "", "nothing is served there"},
		// CC-27, A69: what is no code is not repeated
		{"an error with a line break", json(400, `{"error":"canary\r\nX: 1"}`), 400, "unknown_error", ""},
		{"an error of a secret's form", json(400, `{"error":"canary-S3cret"}`), 400, "unknown_error", ""},
		{"a long error", json(400, `{"error":"`+strings.Repeat("canary", 100)+`"}`), 400, "unknown_error", ""},
		{"an error that is a number", json(400, `{"error":5}`), 400, "unknown_error", ""},
		{"a description", json(400, `{"error":"invalid_request","error_description":"canary\u001b[31m","error_uri":"canary"}`), 400, tokensource.ErrInvalidRequest, ""},
		// CC-28
		{"502 of a proxy", coretest.Body(502, "text/html", "<html>canary"), 502, "", "answered 502"},
		{"500 with JSON of some sort", json(500, `{"message":"canary"}`), 500, "", "answered 500"},
		// CC-30
		{"a redirect", coretest.Redirect(307, "https://canary.evil.test/"), 307, "", "redirects are not followed"},
		{"429", coretest.Status(429), 429, "", "answered 429"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.Inject(coretest.Token, coretest.Always, tt.fault)
				_, err := newSource(t, config(srv)).Token(t.Context())
				e, ok := errors.AsType[*tokensource.EndpointError](err)
				if !ok {
					t.Fatalf("Token: %#v, want an *EndpointError", err)
				}
				if e.Status != tt.status || e.Code != tt.code || e.Endpoint != "token" || e.URL != srv.BaseURL()+"/az/v1/token" {
					t.Errorf("Token: %+v, want status %d and code %q", e, tt.status, tt.code)
				}
				if tt.code != "" && !errors.Is(err, tt.code) {
					t.Errorf("errors.Is(%v, %q) is false", err, tt.code)
				}
				if errors.Is(err, tokensource.ErrorCode("")) || tt.code != tokensource.ErrInvalidGrant && errors.Is(err, tokensource.ErrInvalidGrant) {
					t.Errorf("%v is every error", err)
				}
				if !strings.Contains(err.Error(), tt.want) || strings.Contains(fmt.Sprintf("%v %#v", err, err), "canary") {
					t.Errorf("Token: %v, want %q and nothing of the answer", err, tt.want)
				}
				wantCalls := 1
				if tt.status == 500 || tt.status == 502 {
					wantCalls = 2
				}
				if n := srv.Calls().Token; n != wantCalls {
					t.Errorf("%d requests, want %d", n, wantCalls)
				}
				if n := srv.Calls().Other; n != 0 {
					t.Errorf("%d requests to elsewhere", n)
				}
			})
		})
	}
}

// MobileFirst's token endpoint, row by row of what is known of it.
func TestMobileFirst(t *testing.T) {
	tests := []struct {
		name     string
		variants coretest.Variants
		edit     func(*tokensource.Config)
		scope    string // granted; "" is an error
		status   int
		code     tokensource.ErrorCode
	}{
		{"A1: credentials and scope are good", coretest.Variants{}, func(*tokensource.Config) {}, "messages.write", 0, ""},
		{"A2: no scope", coretest.Variants{}, func(c *tokensource.Config) { c.Scope = "" }, "RegisteredClient", 0, ""},
		{"A2: no scope, and the server wants one", coretest.Variants{RequireScope: true}, func(c *tokensource.Config) { c.Scope = "" }, "", 400, tokensource.ErrInvalidRequest},
		{"A3: one element is outside of the allowed scope", coretest.Variants{}, func(c *tokensource.Config) {
			c.ClientID, c.ClientSecret, c.Scope = "push", "hsup", "authorization.introspect messages.write"
		}, "", 400, tokensource.ErrInvalidScope},
		{"A4: unknown client", coretest.Variants{}, func(c *tokensource.Config) { c.ClientID = "nobody" }, "", 400, tokensource.ErrInvalidClient},
		{"A4: unknown client, 401", coretest.Variants{ClientError: coretest.Unauthorized}, func(c *tokensource.Config) { c.ClientID = "nobody" }, "", 401, tokensource.ErrInvalidClient},
		{"A4: unknown client, errorCode", coretest.Variants{ClientError: coretest.InvalidClientID}, func(c *tokensource.Config) { c.ClientID = "nobody" }, "", 400, tokensource.ErrInvalidClient},
		{"A5: wrong secret", coretest.Variants{}, func(c *tokensource.Config) { c.ClientSecret = "wrong" }, "", 400, tokensource.ErrInvalidClient},
		{"A5: wrong secret, 401 and a challenge", coretest.Variants{ClientError: coretest.UnauthorizedBasic}, func(c *tokensource.Config) { c.ClientSecret = "wrong" }, "", 401, tokensource.ErrInvalidClient},
		{"A6: wrong secret, no body", coretest.Variants{ClientError: coretest.EmptyBody}, func(c *tokensource.Config) { c.ClientSecret = "wrong" }, "", 400, ""},
		{"A7: form-encoded Basic with a secret that it changes", coretest.Variants{}, func(c *tokensource.Config) {
			c.ClientID, c.ClientSecret, c.ClientAuth = "special", "darwIn$hfr", tokensource.Basic
		}, "", 400, tokensource.ErrInvalidClient},
		{"A7: the same secret as it is", coretest.Variants{}, func(c *tokensource.Config) { c.ClientID, c.ClientSecret = "special", "darwIn$hfr" }, "messages.write", 0, ""},
		{"A10: credentials in the form", coretest.Variants{}, func(c *tokensource.Config) { c.ClientAuth = tokensource.Post }, "", 400, tokensource.ErrInvalidClient},
		{"A12: the base without /api", coretest.Variants{}, func(c *tokensource.Config) { c.TokenURL = strings.Replace(c.TokenURL, "/api", "", 1) }, "", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := coretest.New()
			srv.SetVariants(tt.variants)
			srv.SetClient(coretest.Client{ID: "special", Secret: "darwIn$hfr", AllowedScope: "messages.*"})
			c := config(srv)
			tt.edit(&c)
			tok, err := newSource(t, c).Token(t.Context())
			if tt.scope != "" {
				if err != nil || tok.Scope != tt.scope {
					t.Errorf("Token = %v, %v, want scope %q", tok, err, tt.scope)
				}
				return
			}
			e, ok := errors.AsType[*tokensource.EndpointError](err)
			if !ok || e.Status != tt.status || e.Code != tt.code {
				t.Errorf("Token: %v, want status %d and code %q", err, tt.status, tt.code)
			}
		})
	}
}
