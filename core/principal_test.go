package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// captured is the one complete answer of a MobileFirst 8.0 server that is publicly known, with exp moved into the future.
const captured = `{"active":true,"scope":"RegisteredClient push.mobileclient","username":"anonymous",
"client_id":"11111-4491-4f48-94d1-df541247e6ee","exp":4102444800076,
"mfp-application":{"id":"com.demo.test","clientPlatform":"android","version":"1.0"},
"mfp-device":{"id":"111111-6fe3-348a-a13f-e1bf5fcccf03","hardware":"Android SDK built for x86lol",
"platform":"android 12","deviceDisplayName":null,"status":"ACTIVE"},"mfp-user":null,"mfp-checks":{}}`

const withUser = `{"active":true,"scope":"accessRestricted","username":"alice","client_id":"c1","exp":4102444800000,
"mfp-application":{"id":"com.demo.test","clientPlatform":"ios","version":"2.0"},
"mfp-device":{"id":"device-of-alice","hardware":"iPhone","platform":"ios 17","deviceDisplayName":"Alice's phone","status":"ACTIVE"},
"mfp-user":{"id":"alice","displayName":"Alice","authenticatedBy":"UserLogin","authenticatedAt":1800000000123,"attributes":{"role":"clerk","level":3}},
"mfp-checks":{"UserLogin":{"remember":true}},"extension":[1,2]}`

// principal is who an answer makes of a caller.
func principal(t *testing.T, answer string) core.Principal {
	t.Helper()
	srv := coretest.New()
	srv.SetAnswer(t1, answer)
	p, d := authorize(t.Context(), mobileFirst(t, srv), bearer(t1), core.Authenticated())
	if d != nil {
		t.Fatalf("got %s: %v", outcome(d), d.Cause)
	}
	return p
}

// IN-17, MFP-18: what the server said, typed.
func TestPrincipal(t *testing.T) {
	p := principal(t, withUser)
	for _, tt := range []struct{ name, got, want string }{
		{"ClientID", p.ClientID(), "c1"},
		{"Username", p.Username(), "alice"},
		{"Scope", p.Scope(), "accessRestricted"},
		{"HasScope", fmt.Sprint(p.HasScope("accessRestricted"), p.HasScope("access"), p.HasScope("")), "true false false"},
		{"ExpiresAt", p.ExpiresAt().UTC().Format(time.RFC3339Nano), "2100-01-01T00:00:00Z"},
		{"Subject, Issuer, Audience", fmt.Sprint(p.Subject(), p.Issuer(), p.Audience()), "[]"},
		{"String", p.String(), "client c1"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, tt.got, tt.want)
		}
	}
	u, ok := p.User()
	if at := u.AuthenticatedAt.UnixMilli(); !ok || u.ID != "alice" || u.DisplayName != "Alice" || u.AuthenticatedBy != "UserLogin" || at != 1800000000123 {
		t.Errorf("user: got %+v, %v", u, ok)
	}
	if got := fmt.Sprintf("%s %s", u.Attributes["role"], u.Attributes["level"]); got != `"clerk" 3` {
		t.Errorf("attributes: got %s", got)
	}
	if a, ok := p.Application(); !ok || a != (core.Application{ID: "com.demo.test", Platform: "ios", Version: "2.0"}) {
		t.Errorf("application: got %+v, %v", a, ok)
	}
	want := core.Device{ID: "device-of-alice", Hardware: "iPhone", Platform: "ios 17", DisplayName: "Alice's phone", Status: "ACTIVE"}
	if d, ok := p.Device(); !ok || d != want {
		t.Errorf("device: got %+v, %v", d, ok)
	}
}

// A token is not a user: only what says so is. Section 4.2 of IBM's answers has "anonymous" where nobody signed in.
func TestWhoIsAUser(t *testing.T) {
	user := `"mfp-user":{"id":"alice"}`
	for _, tt := range []struct{ name, members, mfp, rfc string }{
		{"nobody", `"client_id":"c1"`, "", ""},
		{"username anonymous", `"client_id":"c1","username":"anonymous"`, "", "anonymous"},
		{"a username alone is no proof", `"username":"alice"`, "", "alice"},
		{"mfp-user", user, "alice", ""},
		{"mfp-user anonymous", `"mfp-user":{"id":"anonymous"}`, "", ""},
		{"mfp-user without an id", `"mfp-user":{"displayName":"Alice"}`, "", ""},
		{"mfp-user null", `"mfp-user":null,"username":""`, "", ""},
		{"a subject", `"client_id":"c1","sub":"u1"`, "", "u1"},
		{"a subject that is the client", `"client_id":"c1","sub":"c1"`, "", ""},
		{"a subject and a username", `"client_id":"c1","sub":"u1","username":"alice"`, "", "u1"},
		{"a subject, and a member that only MobileFirst gives a meaning", `"client_id":"c1","sub":"u1",` + user, "alice", "u1"},
	} {
		answer := `{"active":true,` + tt.members + `}`
		u, ok := principal(t, answer).User()
		if u.ID != tt.mfp || ok != (tt.mfp != "") {
			t.Errorf("MobileFirst: %s: got %+v, %v, want %q", tt.name, u, ok, tt.mfp)
		}
		a := newAsker()
		a.set(t1, answer)
		p, _ := authorize(t.Context(), rfc7662(t, a), bearer(t1), core.Authenticated())
		if u, ok := p.User(); u.ID != tt.rfc || ok != (tt.rfc != "") {
			t.Errorf("RFC 7662: %s: got %+v, %v, want %q", tt.name, u, ok, tt.rfc)
		}
	}
}

// A token of a confidential client has no application, no device and no user, whether the server says null or nothing.
func TestConfidentialClientsToken(t *testing.T) {
	for _, variant := range []coretest.Variants{{}, {OmitNulls: true}, {EmptyUsername: true}} {
		srv := coretest.New()
		srv.SetVariants(variant)
		p, d := authorize(t.Context(), mobileFirst(t, srv), bearer(srv.Mint(coretest.Grant{Confidential: true, Scope: "a"})), core.AllOf("a"))
		if d != nil {
			t.Fatalf("got %s", outcome(d))
		}
		_, user := p.User()
		_, app := p.Application()
		_, device := p.Device()
		if user || app || device || p.ClientID() != "test" {
			t.Errorf("%+v: user %v, application %v, device %v, client %s", variant, user, app, device, p.ClientID())
		}
	}
}

func TestMembers(t *testing.T) {
	p := principal(t, withUser)
	var list []int
	if ok, err := p.Member("extension", &list); !ok || err != nil || !slices.Equal(list, []int{1, 2}) { // IN-67
		t.Errorf("got %v, %v, %v", list, ok, err)
	}
	if ok, err := p.Member("Extension", &list); ok || err != nil {
		t.Errorf("another spelling: got %v, %v", ok, err)
	}
	if ok, err := p.Member("extension", new(string)); !ok || err == nil || !strings.HasPrefix(err.Error(), `core: member "extension": `) {
		t.Errorf("another type: got %v, %v", ok, err)
	}
	var check struct{ Remember bool }
	if ok, err := p.Check("UserLogin", &check); !ok || err != nil || !check.Remember {
		t.Errorf("got %+v, %v, %v", check, ok, err)
	}
	if ok, err := p.Check("Other", &check); ok || err != nil {
		t.Errorf("a check that is not there: got %v, %v", ok, err)
	}
	var raw json.RawMessage
	p.Member("extension", &raw)
	copy(raw, "[9,9]")
	if p.Member("extension", &list); !slices.Equal(list, []int{1, 2}) { // IN-94
		t.Errorf("the answer was changed through a copy: %v", list)
	}
}

// The JSON form is what examples answer to "who am I": all members, null for what there is not.
func TestPrincipalJSON(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"with a user", withUser, `{"client_id":"c1","scope":"accessRestricted","username":"alice",` +
			`"user":{"id":"alice","display_name":"Alice","authenticated_by":"UserLogin","authenticated_at":"` +
			time.UnixMilli(1800000000123).Format(time.RFC3339Nano) + `","attributes":{"level":3,"role":"clerk"}},` +
			`"application":{"id":"com.demo.test","platform":"ios","version":"2.0"},` +
			`"device":{"id":"device-of-alice","hardware":"iPhone","platform":"ios 17","display_name":"Alice's phone","status":"ACTIVE"},` +
			`"expires_at":"2100-01-01T00:00:00Z"}`},
		{"captured", captured, `{"client_id":"11111-4491-4f48-94d1-df541247e6ee","scope":"RegisteredClient push.mobileclient","username":"anonymous",` +
			`"user":null,"application":{"id":"com.demo.test","platform":"android","version":"1.0"},` +
			`"device":{"id":"111111-6fe3-348a-a13f-e1bf5fcccf03","hardware":"Android SDK built for x86lol","platform":"android 12","status":"ACTIVE"},` +
			`"expires_at":"2100-01-01T00:00:00.076Z"}`},
		{"bare", `{"active":true}`, `{"client_id":"","scope":"","username":"","user":null,"application":null,"device":null,"expires_at":null}`},
		{
			"an end beyond time", `{"active":true,"exp":1e30}`,
			`{"client_id":"","scope":"","username":"","user":null,"application":null,"device":null,"expires_at":"9999-12-31T23:59:59Z"}`,
		},
	} {
		got, err := json.Marshal(principal(t, tt.answer))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got error %v and\n%s\nwant\n%s", tt.name, err, got, tt.want)
		}
	}
	if b, err := json.Marshal(core.Principal{}); err == nil {
		t.Errorf("nobody has a JSON form: %s", b)
	}
}

// The zero Principal is nobody, and asking it anything is safe.
func TestZeroPrincipal(t *testing.T) {
	var p core.Principal
	_, user := p.User()
	_, app := p.Application()
	_, device := p.Device()
	check, err1 := p.Check("x", nil)
	member, err2 := p.Member("x", nil)
	if user || app || device || check || member || err1 != nil || err2 != nil || p.ClientID()+p.Scope()+p.Username()+p.Subject()+p.Issuer() != "" ||
		p.HasScope("") || len(p.Audience()) != 0 || !p.ExpiresAt().IsZero() {
		t.Errorf("got %v", p)
	}
}

func TestContext(t *testing.T) {
	p := principal(t, withUser)
	if got, ok := core.FromContext(core.NewContext(t.Context(), p)); !ok || got != p {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := core.FromContext(t.Context()); ok || got != (core.Principal{}) {
		t.Errorf("nobody was put there, got %v", got)
	}
	if _, ok := core.FromContext(core.NewContext(context.Background(), core.Principal{})); ok {
		t.Error("the zero Principal is nobody")
	}
}

// IN-95: what prints or logs a Principal shows the client, and no personal data.
func TestPrincipalIsDiscreet(t *testing.T) {
	p := principal(t, withUser)
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("request", "caller", p, "group", slog.GroupValue(slog.Any("p", p)))
	}
	type holder struct {
		P core.Principal
		p core.Principal
	}
	printed := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		printed += fmt.Sprintf(verb, p) + fmt.Sprintf(verb, &p) + fmt.Sprintf(verb, []core.Principal{p})
	}
	// In an unexported field no type can speak for itself, but pointers stay pointers.
	printed += fmt.Sprintf("%v %+v %#v", holder{p, p}, holder{p, p}, holder{p, p})
	for _, personal := range []string{"alice", "Alice", "device-of-alice", "iPhone", "clerk", fmt.Sprintf("%x", "Alice")} {
		if strings.Contains(printed, personal) {
			t.Errorf("%q shows in\n%s", personal, printed)
		}
	}
	if !strings.Contains(printed, "caller.client_id=c1") {
		t.Errorf("the client does not show in\n%s", printed)
	}
}

// 3 to 6 KB of token, as structured answers come with, are nothing special (MFP-21).
func TestLongTokens(t *testing.T) {
	srv := coretest.New()
	tok := strings.Repeat("A", 6<<10)
	srv.SetAnswer(tok, withUser)
	if _, d := authorize(t.Context(), mobileFirst(t, srv), bearer(tok), core.AllOf("accessRestricted")); d != nil {
		t.Errorf("got %s", outcome(d))
	}
}
