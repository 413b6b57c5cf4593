package coretest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestTokenIsIssued(t *testing.T) {
	const requireScope = true
	for _, row := range []struct {
		name         string
		id, secret   string
		form         string
		wantScope    string
		requireScope bool
	}{
		// 17.A/A1
		{"any scope for a client that may have all", "test", "test", "scope=a+b", `"a b"`, false},
		{"the scope of the push client", "push", "hsup", "scope=authorization.introspect", `"authorization.introspect"`, false},
		{"a scope that a wildcard allows", "admin", "nimda", "scope=push.x%20settings.read", `"push.x settings.read"`, false},
		{"a scope that must be there and is", "test", "test", "scope=a", `"a"`, requireScope},
		// 17.A/A2
		{"no scope parameter gets the default", "push", "hsup", "", `"RegisteredClient"`, false},
		{"an empty scope parameter gets the default", "test", "test", "scope=", `"RegisteredClient"`, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			s.SetVariants(coretest.Variants{RequireScope: row.requireScope})
			a := post(t, s, tokenPath, basic(row.id, row.secret), "grant_type=client_credentials&"+row.form)
			if a.status != http.StatusOK || a.member(t, "scope") != row.wantScope {
				t.Fatalf("answer is %d %s, want 200 with scope %s", a.status, a.body, row.wantScope)
			}
			if got := a.member(t, "token_type") + a.member(t, "expires_in"); got != `"Bearer"3599` {
				t.Errorf("token_type and expires_in are %s", got)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache",
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestTokenIsRefused(t *testing.T) {
	const grant = "grant_type=client_credentials&scope=authorization.introspect"
	ok := basic("push", "hsup")
	for _, row := range []struct {
		name, authorization, body string
		want                      string
	}{
		{"17.A/A3 one element is not allowed", ok, grant + "+other", `{"error":"invalid_scope"}`},
		{"17.A/A4 the client is unknown", basic("nobody", "x"), grant, `{"error":"invalid_client"}`},
		{"17.A/A5 the secret is wrong", basic("push", "HSUP"), grant, `{"error":"invalid_client"}`},
		{"17.A/A6 no credentials", "", grant, `{"error":"invalid_client"}`},
		{"17.A/A6 a bearer token as credentials", "Bearer x", grant, `{"error":"invalid_client"}`},
		{"17.A/A6 credentials are not base64", "Basic %%%", grant, `{"error":"invalid_client"}`},
		{"17.A/A7 credentials were form-encoded", basic("odd", "a%24b"), grant, `{"error":"invalid_client"}`},
		{"17.A/A8 no grant type", ok, "scope=authorization.introspect", `{"error":"invalid_request"}`},
		{"17.A/A9 grant type password", ok, "grant_type=password", `{"error":"unsupported_grant_type"}`},
		{"17.A/A9 grant type refresh_token", ok, "grant_type=refresh_token", `{"error":"unsupported_grant_type"}`},
		{"17.A/A10 credentials in the body", "", grant + "&client_id=push&client_secret=hsup", `{"error":"invalid_client"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			s.SetClient(coretest.Client{ID: "odd", Secret: "a$b", AllowedScope: "*"})
			wantAnswer(t, post(t, s, tokenPath, row.authorization, row.body), http.StatusBadRequest, row.want)
		})
	}
}

// 17.A/A2, 17.A/A4, 17.A/A5 and 17.A/A6 have several answers.
func TestTokenVariants(t *testing.T) {
	const (
		grant         = "grant_type=client_credentials&scope=a"
		invalidClient = `{"error":"invalid_client"}`
	)
	wrong := basic("test", "wrong")
	for _, row := range []struct {
		name, authorization, body string
		variants                  coretest.Variants
		status                    int
		want, challenge           string
	}{
		{
			"a missing scope is an error", basic("test", "test"), "grant_type=client_credentials",
			coretest.Variants{RequireScope: true},
			400, `{"error":"invalid_request"}`, "",
		},
		{
			"a wrong secret is unauthorized", wrong, grant,
			coretest.Variants{ClientError: coretest.Unauthorized},
			401, invalidClient, "",
		},
		{
			"a wrong secret is challenged", wrong, grant,
			coretest.Variants{ClientError: coretest.UnauthorizedBasic},
			401, invalidClient, "Basic",
		},
		{
			"a missing credential is challenged", "", grant,
			coretest.Variants{ClientError: coretest.UnauthorizedBasic},
			401, invalidClient, "Basic",
		},
		{
			"an unknown client gets the form of the REST services", basic("nobody", "x"), grant,
			coretest.Variants{ClientError: coretest.InvalidClientID},
			400,
			`{"errorCode":"INVALID_CLIENT_ID","errorMsg":"The client is not known to this server."}`, "",
		},
		{
			"a wrong secret gets no body", wrong, grant,
			coretest.Variants{ClientError: coretest.EmptyBody},
			400, "", "",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			s.SetVariants(row.variants)
			a := post(t, s, tokenPath, row.authorization, row.body)
			wantAnswer(t, a, row.status, row.want)
			if got := a.header.Get("WWW-Authenticate"); got != row.challenge {
				t.Errorf("WWW-Authenticate is %q, want %q", got, row.challenge)
			}
		})
	}
}

// 17.A/A11 and 17.A/A12
func TestWrongWayToAsk(t *testing.T) {
	for _, row := range []struct {
		name, method, path, contentType string
		status                          int
		wantType                        string
	}{
		{"GET of the token endpoint", "GET", tokenPath, formType, 405, ""},
		{"GET of the introspection endpoint", "GET", introspectPath, formType, 405, ""},
		{"JSON for the token endpoint", "POST", tokenPath, "application/json", 415, "application/json"},
		{"no content type for the introspection endpoint", "POST", introspectPath, "", 415, "application/json"},
		{"another runtime", "POST", "/other/api/az/v1/token", formType, 404, "text/html; charset=utf-8"},
		{"no /api in the path", "POST", "/mfp/az/v1/token", formType, 404, "text/html; charset=utf-8"},
		{"a slash too many", "POST", tokenPath + "/", formType, 404, "text/html; charset=utf-8"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			authorization := basic("test", "test")
			if row.path == introspectPath {
				authorization = caller(t, s)
			}
			r := newRequest(t, s, row.method, row.path, authorization, "grant_type=client_credentials&token=x")
			r.Header.Set("Content-Type", row.contentType)
			a, err := do(s, r)
			if err != nil {
				t.Fatal(err)
			}
			if a.status != row.status || a.header.Get("Content-Type") != row.wantType {
				t.Errorf("answer is %d %q, want %d %q", a.status, a.header.Get("Content-Type"), row.status, row.wantType)
			}
		})
	}
}

func TestTokenLifetime(t *testing.T) {
	for _, row := range []struct {
		name     string
		lifetime time.Duration
		want     string
		status   int // of an introspection with the token
	}{
		{"zero is the default", 0, "3599", 200},
		{"one minute", time.Minute, "60", 200},
		{"negative is born expired", -5 * time.Second, "-5", 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			s.SetTokenLifetime(row.lifetime)
			a := post(t, s, tokenPath, basic("test", "test"), "grant_type=client_credentials&scope=authorization.introspect")
			if got := a.member(t, "expires_in"); got != row.want {
				t.Errorf("expires_in is %s, want %s", got, row.want)
			}
			token := strings.Trim(a.member(t, "access_token"), `"`)
			if got := introspect(t, s, "Bearer "+token, "x").status; got != row.status {
				t.Errorf("introspection with the token is %d, want %d", got, row.status)
			}
		})
	}
}
