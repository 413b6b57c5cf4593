package coretest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// full is a grant with all that a token can have.
var full = coretest.Grant{
	ClientID: "app-1", Scope: "RegisteredClient orders.read", Lifetime: 10 * time.Minute, Username: "al",
	User: &coretest.User{
		ID: "alice", DisplayName: "Alice", AuthenticatedBy: "UserLogin",
		AuthenticatedAt: time.Unix(1700000000, 0), Attributes: map[string]any{"vip": true},
	},
	Device:      &coretest.Device{ID: "d1", Hardware: "Pixel 4", Platform: "android 12", Status: "LOST"},
	Application: &coretest.Application{ID: "com.acme.shop", Platform: "android", Version: "2.1"},
	Checks:      map[string]any{"pin": 3},
}

// TestPrincipalIsWhatAGuardPuts compares it with what the handler behind a guard gets.
func TestPrincipalIsWhatAGuardPuts(t *testing.T) {
	for name, g := range map[string]coretest.Grant{
		"the zero grant":        {ClientID: "app-1", Device: full.Device},
		"a full one":            full,
		"a confidential client": {Confidential: true, Scope: "messages.write"},
	} {
		synctest.Test(t, func(t *testing.T) { // so that both tokens end at one time
			srv := coretest.New()
			v, err := core.New(core.Config{
				Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
			})
			if err != nil {
				t.Fatal(err)
			}
			var want core.Principal
			guarded := httpguard.Require(v, core.Authenticated())(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				want = core.MustFromContext(r.Context())
			}))
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "Bearer "+srv.Mint(g))
			guarded.ServeHTTP(httptest.NewRecorder(), r)

			got := coretest.Principal(g)
			if a, b := describe(t, got), describe(t, want); a != b || !strings.Contains(a, "client_id") {
				t.Errorf("%s: got\n%s, want\n%s", name, a, b)
			}
		})
	}
}

// describe is all that a Principal holds.
func describe(t *testing.T, p core.Principal) string {
	t.Helper()
	body, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var pin int
	found, err := p.Check("pin", &pin)
	return fmt.Sprintf("%s %s %v %v %v", body, p.Scope(), found, pin, err)
}

func TestPrincipalGoesThroughAContext(t *testing.T) {
	p := coretest.Principal(full)
	got := core.MustFromContext(core.NewContext(t.Context(), p))
	if u, ok := got.User(); !ok || u.ID != "alice" || !got.HasScope("orders.read") || got.HasScope("orders.write") {
		t.Errorf("user %+v, %v, scope %q", u, ok, got.Scope())
	}
}

func TestPrincipalsAreUnlike(t *testing.T) {
	a, b := coretest.Principal(coretest.Grant{}), coretest.Principal(coretest.Grant{})
	if a.ClientID() == b.ClientID() || a.ClientID() == "" {
		t.Errorf("clients %q and %q, want two random ones", a.ClientID(), b.ClientID())
	}
	if _, ok := a.User(); ok {
		t.Error("the zero grant has a user")
	}
}

func TestPrincipalPanicsWithoutOne(t *testing.T) {
	for name, c := range map[string]struct {
		grant coretest.Grant
		want  string
	}{
		"an expired token":       {coretest.Grant{Lifetime: -time.Second}, "not active"},
		"a value without a JSON": {coretest.Grant{Checks: map[string]any{"f": func() {}}}, "Grant.Checks"},
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.HasPrefix(text, "coretest: ") || !strings.Contains(text, c.want) {
					t.Errorf("%s: the panic is %q, want a word about %q", name, text, c.want)
				}
			}()
			coretest.Principal(c.grant)
		}()
	}
}
