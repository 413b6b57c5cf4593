package core_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// mobileFirst7 returns a Verifier that asks the online validation of srv.
func mobileFirst7(t testing.TB, srv *coretest.Server, change ...func(*core.Config)) *core.Verifier {
	t.Helper()
	srv.Only(coretest.MobileFirst7)
	return verifier(t, core.Config{
		Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL()}), Transport: srv.Transport(),
	}, change...)
}

// SV-03, 17.B/B1, B2, B10: what is sent, and what is read from the answer.
func TestMobileFirst7(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst7(t, srv)
	access, id := srv.Mint(coretest.Grant{ClientID: "app-1", Scope: "realmA realmB"}), srv.MintID("alice")
	for _, tt := range []struct {
		name, credentials string
		form              url.Values
		user              string
	}{
		{"an access token alone has no user", access, url.Values{"token": {access}}, ""},
		{"with an ID token", access + " " + id, url.Values{"token": {access}, "id_token": {id}}, "alice"},
		{"with more blanks", access + "   " + id, url.Values{"token": {access}, "id_token": {id}}, "alice"},
	} {
		p, d := authorize(t.Context(), v, bearer(tt.credentials), core.AllOf("realmA", "realmB"))
		if d != nil {
			t.Errorf("%s: refused: %v", tt.name, d.Cause)
			continue
		}
		user, ok := p.User()
		if user.ID != tt.user || ok != (tt.user != "") {
			t.Errorf("%s: the user is %+v, %v, want %q", tt.name, user, ok, tt.user)
		}
		requests := srv.Requests(coretest.Introspection)
		last := requests[len(requests)-1]
		if fmt.Sprint(last.Form) != fmt.Sprint(tt.form) || last.Header.Get("Authorization") != "" || last.Path != "/mfp/authorization/v1/token/validation" {
			t.Errorf("%s: the request is %+v", tt.name, last)
		}
	}
	if _, d := authorize(t.Context(), v, bearer(access), core.AllOf("realmC")); d == nil || d.Status != 403 {
		t.Errorf("a realm that the token lacks: %+v, want 403", d)
	}
}

// SV-03: a user's answer is for the pair of tokens, and no half of it is another pair's.
func TestMobileFirst7KeysBothParts(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst7(t, srv)
	access := srv.Mint(coretest.Grant{})
	for _, user := range []string{"alice", "bob", "alice"} {
		p, d := authorize(t.Context(), v, bearer(access+" "+srv.MintID(user)), core.Authenticated())
		if d != nil {
			t.Fatal(d.Cause)
		}
		if got, _ := p.User(); got.ID != user {
			t.Errorf("got the user %q, want %q", got.ID, user)
		}
	}
	if p, _ := authorize(t.Context(), v, bearer(access), core.Authenticated()); fmt.Sprint(p.User()) != fmt.Sprint(core.User{}, false) {
		t.Error("the access token alone has a user")
	}
}

// SV-03, 17.B/B13: which credentials are credentials.
func TestMobileFirst7Credentials(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"three parts", "Bearer a b c", invalidTokenPlain},
		{"a comma", "Bearer a, Bearer b", "400"},
		{"a bad ID token", "Bearer a b|", invalidTokenPlain},
		{"a bad access token", "Bearer a| b", invalidTokenPlain},
		{"too long together", "Bearer " + strings.Repeat("a", 4200) + " " + strings.Repeat("b", 4200), invalidTokenPlain},
	} {
		srv := coretest.New()
		_, d := authorize(t.Context(), mobileFirst7(t, srv), []string{tt.value}, core.Authenticated())
		if got := outcome(d); !strings.HasPrefix(got, tt.want) || srv.Calls().Introspection != 0 {
			t.Errorf("%s: got %s after %d calls, want %s", tt.name, got, srv.Calls().Introspection, tt.want)
		}
	}
}

const invalidTokenPlain = `401 Bearer error="invalid_token"`

// SV-03, 17.B/B6: a token that is not valid is refused, however the server says so; but 401 without a
// reason is no answer about it.
func TestMobileFirst7Refusals(t *testing.T) {
	for variant, want := range map[coretest.Validation7]string{
		coretest.InvalidToken7: invalidTokenPlain, coretest.Inactive7: invalidTokenPlain, coretest.Unauthorized7: "503",
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			srv.SetVariants(coretest.Variants{Validation7: variant})
			v := mobileFirst7(t, srv)
			good := srv.Mint(coretest.Grant{})
			for i := range 20 {
				if _, d := authorize(t.Context(), v, bearer(fmt.Sprint("stranger", i)), core.Authenticated()); !strings.HasPrefix(outcome(d), want) {
					t.Errorf("variant %d: got %s, want %s", variant, outcome(d), want)
				}
				time.Sleep(time.Second / 4)
			}
			// Strangers' refused tokens are no reason to refuse a good one.
			if _, d := authorize(t.Context(), v, bearer(good), core.Authenticated()); d != nil {
				t.Errorf("variant %d: a good token was refused: %v", variant, d.Cause)
			}
		})
	}
}

// SV-03: credentials of ours are sent only if the operator says so; then a 401 is about them.
func TestMobileFirst7WithCredentials(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst7(t, srv, func(c *core.Config) {
		c.Profile = core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL(), ClientAuth: tokensource.BasicRaw})
		c.ClientID, c.ClientSecret = "gateway", "s3cret"
	})
	if _, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{})), core.Authenticated()); d != nil {
		t.Error(d.Cause)
	}
	if got := srv.Requests(coretest.Introspection)[0].Header.Get("Authorization"); got != "Basic Z2F0ZXdheTpzM2NyZXQ=" {
		t.Errorf("the credentials are %q", got)
	}
	if _, d := authorize(t.Context(), v, bearer("unknown"), core.Authenticated()); outcome(d) != "503" || d.Reason != core.ReasonClientRejected {
		t.Errorf("a 401 beside credentials of ours: %s, %+v", outcome(d), d)
	}
}

// SV-03, 17.B/B14: the challenge of 7.x, by choice.
func TestMobileFirst7Challenge(t *testing.T) {
	srv := coretest.New()
	for own, want := range map[bool]string{false: "401 Bearer", true: `401 Bearer realm="imfAuthentication"`} {
		v := mobileFirst7(t, srv, withProfile(core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL(), OwnChallenge: own})))
		if _, d := authorize(t.Context(), v, nil, core.Authenticated()); outcome(d) != want {
			t.Errorf("own %v: got %s, want %s", own, outcome(d), want)
		}
	}
}

func TestMobileFirst7Config(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    core.MobileFirst7Config
		id   string
		want string
	}{
		{"good", core.MobileFirst7Config{BaseURL: "https://mfp.example.com/project"}, "", "<nil>"},
		{"no base", core.MobileFirst7Config{}, "", "core: MobileFirst7Config.BaseURL is empty, want https://host:port/<project>"},
		{"the endpoint for a base", core.MobileFirst7Config{BaseURL: "https://mfp.example.com/p/authorization/v1"}, "", "core: MobileFirst7Config.BaseURL already has /authorization on it: leave that off, want https://host:port/<project>"},
		{"http", core.MobileFirst7Config{BaseURL: "http://mfp.example.com/p"}, "", "core: MobileFirst7Config.BaseURL is http:// to another host, which sends tokens in the clear: use https, or set InsecureHTTP"},
		{"an unknown way", core.MobileFirst7Config{BaseURL: "https://mfp.example.com/p", ClientAuth: "digest"}, "", `core: MobileFirst7Config.ClientAuth is "digest", want "basic", "basic-raw" or "post", or nothing to send no credentials`},
		{"credentials that would not be sent", core.MobileFirst7Config{BaseURL: "https://mfp.example.com/p"}, "rs", "core: Config.ClientID and its secret would not be sent: remove them, or set MobileFirst7Config.ClientAuth"},
	} {
		_, err := core.New(core.Config{Profile: core.MobileFirst7(tt.c), ClientID: tt.id})
		if got := fmt.Sprint(err); got != tt.want {
			t.Errorf("%s: got  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}
