package coretest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

const resourcePath = "/mfp/api/adapters/shop/orders"

func TestResource(t *testing.T) {
	const insufficient = `Bearer error="insufficient_scope", scope="RegisteredClient scopeA scopeB"`
	for _, row := range []struct {
		name          string
		scope         string
		authorization func(t *testing.T, s *coretest.Server) string
		status        int
		challenge     string
	}{
		{"17.A/A29 no token", "scopeA scopeB", func(*testing.T, *coretest.Server) string {
			return ""
		}, 401, `Bearer`},
		{"17.A/A29 Basic credentials", "scopeA scopeB", func(*testing.T, *coretest.Server) string {
			return basic("test", "test")
		}, 401, `Bearer`},
		{"17.A/A29 a token nobody issued", "scopeA scopeB", func(*testing.T, *coretest.Server) string {
			return "Bearer nonsense"
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A29 an expired token", "scopeA scopeB", func(t *testing.T, s *coretest.Server) string {
			token := obtain(t, s, "test", "test", "scopeA scopeB")
			s.Advance(time.Hour)
			return "Bearer " + token
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A26 a token from before the restart", "scopeA scopeB", func(t *testing.T, s *coretest.Server) string {
			token := obtain(t, s, "test", "test", "scopeA scopeB")
			s.Restart()
			return "Bearer " + token
		}, 401, `Bearer error="invalid_token"`},
		{"17.A/A29 one element lacking", "scopeA scopeB", func(t *testing.T, s *coretest.Server) string {
			return "Bearer " + obtain(t, s, "test", "test", "RegisteredClient scopeA")
		}, 403, insufficient},
		{"17.A/A29 RegisteredClient is listed once", "RegisteredClient scopeA scopeB", func(t *testing.T, s *coretest.Server) string {
			return "Bearer " + obtain(t, s, "test", "test", "scopeA")
		}, 403, insufficient},
		{"17.A/A29 a longer element is another one", "scopeA scopeB", func(t *testing.T, s *coretest.Server) string {
			return "Bearer " + obtain(t, s, "test", "test", "scopeAscopeB scopeA")
		}, 403, insufficient},
		{"17.A/A29 a confidential client's token with all elements", "scopeA scopeB", func(t *testing.T, s *coretest.Server) string {
			return "Bearer " + obtain(t, s, "test", "test", "scopeB more scopeA")
		}, 200, ""},
		{"17.A/A29 an app's token with all elements", "scopeA", func(_ *testing.T, s *coretest.Server) string {
			return "Bearer " + s.Mint(coretest.Grant{ClientID: "test", Scope: "RegisteredClient scopeA"})
		}, 200, ""},
		{"17.A/A29 no scope but a token", "", func(t *testing.T, s *coretest.Server) string {
			return "Bearer " + obtain(t, s, "test", "test", "x")
		}, 200, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			s.Protect("/adapters/shop/orders", row.scope)
			a := post(t, s, resourcePath, row.authorization(t, s), "")
			body := ""
			if row.status == http.StatusOK {
				body = `{"client_id":"test"}`
			}
			wantAnswer(t, a, row.status, body)
			if got := a.header.Get("WWW-Authenticate"); got != row.challenge {
				t.Errorf("WWW-Authenticate is %q, want %q", got, row.challenge)
			}
		})
	}
}

func TestProtect(t *testing.T) {
	onBoth(t, func(t *testing.T, s *coretest.Server) {
		token := "Bearer " + s.Mint(coretest.Grant{Scope: "a"})
		get := func(path string) int {
			t.Helper()
			a, err := do(s, newRequest(t, s, http.MethodGet, path, token, ""))
			if err != nil {
				t.Fatal(err)
			}
			return a.status
		}
		if got := get(resourcePath); got != http.StatusNotFound {
			t.Errorf("before Protect the answer is %d, want 404", got)
		}
		s.Protect("/adapters/shop/orders", "b")
		if got := get(resourcePath); got != http.StatusForbidden {
			t.Errorf("answer is %d, want 403", got)
		}
		s.Protect("/adapters/shop/orders", "a")
		if got := get(resourcePath); got != http.StatusOK {
			t.Errorf("with another scope the answer is %d, want 200", got)
		}
		if got := get(resourcePath + "/7"); got != http.StatusNotFound {
			t.Errorf("below the path the answer is %d, want 404", got)
		}
		s.Inject(coretest.Resource, 1, coretest.Status(503))
		if got := get(resourcePath); got != http.StatusServiceUnavailable {
			t.Errorf("with a fault the answer is %d, want 503", got)
		}
		if got, want := s.Calls(), (coretest.Calls{Resource: 3, Other: 2}); got != want {
			t.Errorf("Calls is %+v, want %+v", got, want)
		}
	})
}
