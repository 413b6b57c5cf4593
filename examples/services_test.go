package examples_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// forEachService runs a test on each service, at the same time.
func forEachService(t *testing.T, test func(t *testing.T, service string)) {
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			test(t, service)
		})
	}
}

// newServer is an authorization server for one test.
func newServer(t *testing.T) *coretest.Server {
	srv := coretest.NewServer()
	t.Cleanup(srv.Close)
	return srv
}

// config is the environment of a service that asks srv.
func config(srv *coretest.Server, more ...string) []string {
	return append([]string{
		"MFPGUARD_SERVER=" + srv.BaseURL(), "MFPGUARD_CLIENT_ID=test", "MFPGUARD_CLIENT_SECRET=test",
	}, more...)
}

// What the authorization server says about the tokens of the table.
const (
	aliceFacts = `{"active":true,"scope":"RegisteredClient accessRestricted","username":"alice","client_id":"app-1",` +
		`"exp":4102444800000,"mfp-application":{"id":"com.example.app","clientPlatform":"android","version":"1.0"},` +
		`"mfp-device":{"id":"d1","hardware":"Pixel 4","platform":"android 12","deviceDisplayName":null,"status":"ACTIVE"},` +
		`"mfp-user":{"id":"alice","displayName":"Alice <A&B>","authenticatedBy":"UserLogin","authenticatedAt":1700000000000,` +
		`"attributes":{"vip":true}},"mfp-checks":{}}`
	guestFacts = `{"active":true,"scope":"RegisteredClient","username":"anonymous","client_id":"app-2","exp":4102444800000,` +
		`"mfp-application":null,"mfp-device":null,"mfp-user":null,"mfp-checks":null}`
	bossFacts = `{"active":true,"scope":"transfer accessRestricted","username":"boss","client_id":"app-3","exp":4102444800}`

	aliceJSON = `{"client_id":"app-1","scope":"RegisteredClient accessRestricted","username":"alice",` +
		`"user":{"id":"alice","display_name":"Alice \u003cA\u0026B\u003e","authenticated_by":"UserLogin",` +
		`"authenticated_at":"2023-11-14T22:13:20Z","attributes":{"vip":true}},` +
		`"application":{"id":"com.example.app","platform":"android","version":"1.0"},` +
		`"device":{"id":"d1","hardware":"Pixel 4","platform":"android 12","status":"ACTIVE"},` +
		`"expires_at":"2100-01-01T00:00:00Z"}`
	guestJSON = `{"client_id":"app-2","scope":"RegisteredClient","username":"anonymous",` +
		`"user":null,"application":null,"device":null,"expires_at":"2100-01-01T00:00:00Z"}`
)

// The tokens are as long as some servers make them: 6 KB.
var (
	alice = "alice" + strings.Repeat("a", 6000)
	guest = "guest" + strings.Repeat("g", 6000)
	boss  = "boss" + strings.Repeat("b", 6000)
	bogus = "bogus" + strings.Repeat("x", 6000)
)

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// exchanges is what each of the services must answer, in this order.
var exchanges = []struct {
	name      string
	request   string
	header    []string
	status    int
	challenge string
	body      string
	questions int // to the introspection endpoint
}{
	{"an open route", "GET /public", nil, 200, "", "public", 0},
	{"an open route ignores a token", "GET /public", bearer(bogus), 200, "", "public", 0},
	{"no token", "GET /me", nil, 401, `Bearer`, `{"error":"missing_token"}`, 0},
	{"another scheme", "GET /balance", []string{"Authorization", "Basic dGVzdDp0ZXN0"}, 401, `Bearer`, `{"error":"missing_token"}`, 0},
	{"two tokens", "GET /balance", append(bearer(alice), bearer(bogus)...), 400, `Bearer error="invalid_request"`, `{"error":"invalid_request"}`, 0},
	{"an unknown token", "GET /balance", bearer(bogus), 401, `Bearer error="invalid_token"`, `{"error":"invalid_token"}`, 1},
	{"the unknown token again", "POST /transfer", bearer(bogus), 401, `Bearer error="invalid_token"`, `{"error":"invalid_token"}`, 1},
	{"any token will do for me", "GET /me", bearer(guest), 200, "", guestJSON, 1},
	{"a token of a user", "GET /me", bearer(alice), 200, "", aliceJSON, 1},
	{"the user's scope", "GET /balance", bearer(alice), 200, "", "17364.9", 0},
	{"no such scope", "GET /balance", bearer(guest), 403, `Bearer error="insufficient_scope", scope="accessRestricted"`, `{"error":"insufficient_scope"}`, 0},
	{"one scope of two", "POST /transfer", bearer(alice), 403, `Bearer error="insufficient_scope", scope="accessRestricted transfer"`, `{"error":"insufficient_scope"}`, 1},
	{"both scopes", "POST /transfer", bearer(boss), 200, "", "transferred", 1},
	{"both scopes, asked again", "POST /transfer", bearer(boss), 200, "", "transferred", 1},
	{"the fresh answer serves other routes", "GET /balance", bearer(boss), 200, "", "17364.9", 0},
}

func TestServicesAreInterchangeable(t *testing.T) {
	forEachService(t, func(t *testing.T, service string) {
		srv := newServer(t)
		srv.SetAnswer(alice, aliceFacts)
		srv.SetAnswer(guest, guestFacts)
		srv.SetAnswer(boss, bossFacts)
		p := start(t, command(t, service, config(srv)...))
		for _, e := range exchanges {
			before := questions(srv)
			got := p.mustDo(e.request, e.header...)
			if got.status != e.status || got.body != e.body {
				t.Errorf("%s: %d %s\nwant %d %s", e.name, got.status, got.body, e.status, e.body)
			}
			if c := got.header.Get("WWW-Authenticate"); c != e.challenge {
				t.Errorf("%s: WWW-Authenticate is %q, want %q", e.name, c, e.challenge)
			}
			if n := questions(srv) - before; n != e.questions {
				t.Errorf("%s: %d introspections, want %d", e.name, n, e.questions)
			}
			if kind, want := mediaType(got), mediaTypeOf(e.body); kind != want {
				t.Errorf("%s: Content-Type is %s, want %s", e.name, kind, want)
			}
		}
		checkSecrecy(t, p)
	})
}

// questions counts the introspections of tokens of the table. Services also ask once whether the
// server is ready.
func questions(srv *coretest.Server) int {
	n := 0
	for _, r := range srv.Requests(coretest.Introspection) {
		if slices.Contains([]string{alice, guest, boss, bogus}, r.Form.Get("token")) {
			n++
		}
	}
	return n
}

func mediaType(a answer) string {
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	return kind
}

func mediaTypeOf(body string) string {
	if strings.HasPrefix(body, "{") {
		return "application/json"
	}
	return "text/plain"
}

// checkSecrecy looks for tokens in what a process printed.
func checkSecrecy(t *testing.T, p *process) {
	t.Helper()
	for _, token := range []string{alice, guest, boss, bogus, "eyJ"} { // all tokens of coretest begin so
		if strings.Contains(p.printed(), token) {
			t.Errorf("the log has the token %.8s...", token)
		}
	}
}

func TestConflictIsRelayed(t *testing.T) {
	forEachService(t, func(t *testing.T, service string) {
		srv := newServer(t)
		srv.SetAnswer(alice, aliceFacts)
		p := start(t, command(t, service, config(srv)...))
		p.until(200, "GET /me", bearer(alice)...) // the probe for readiness must not get the conflict
		waitForProbe(t, srv)
		srv.Conflict(1)
		got := p.mustDo("POST /transfer", bearer(boss)...)
		if got.status != 409 || got.header.Get("MFP-Conflict") != "true" {
			t.Errorf("%d, MFP-Conflict %q, want 409 and true", got.status, got.header.Get("MFP-Conflict"))
		}
	})
}
