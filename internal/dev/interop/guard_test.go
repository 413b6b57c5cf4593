package interop_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

const (
	invalid      = `Bearer realm="api", error="invalid_token"`
	insufficient = `Bearer realm="api", error="insufficient_scope", scope="write"`
)

func TestGuard(t *testing.T) {
	plain := func(*core.RFC7662Config, *server) {}
	meant := func(aud ...string) func(*core.RFC7662Config, *server) {
		return func(c *core.RFC7662Config, _ *server) { c.Audience, c.AnyAudience = aud, false }
	}
	minted := func(scope, aud string) func(*testing.T, *server) string {
		return func(t *testing.T, s *server) string { return s.mint(t, service, scope, aud) }
	}
	fixed := func(token string) func(*testing.T, *server) string {
		return func(*testing.T, *server) string { return token }
	}
	tests := []struct {
		name      string
		profile   func(*core.RFC7662Config, *server)
		token     func(*testing.T, *server) string
		need      core.Requirement
		status    int
		challenge string
	}{
		{"a token with the scope", plain, minted("read write", ""), core.AllOf("read", "write"), 200, ""}, // IN-17
		{"a token with one of the scopes", plain, minted("read", ""), core.AnyOf("write", "read"), 200, ""},
		{"a token without the scope", plain, minted("read", ""), core.AllOf("write"), 403, insufficient},
		{"a token without any scope where none is needed", plain, minted("", ""), core.Authenticated(), 200, ""},
		{"a token without any scope where one is needed", plain, minted("", ""), core.AllOf("write"), 403, insufficient},
		{"a user's token", plain, func(_ *testing.T, s *server) string { return s.user }, core.AllOf("read"), 200, ""},

		{"no token", plain, fixed(""), core.AllOf("read"), 401, `Bearer realm="api"`},
		{"a token of nobody", plain, fixed("nobody-s.token_of~this+server/=="), core.AllOf("read"), 401, invalid}, // IN-18
		{"a changed token", plain, func(t *testing.T, s *server) string { return s.mint(t, service, "read", "") + "x" }, core.AllOf("read"), 401, invalid},
		{"half a token", plain, func(t *testing.T, s *server) string { return half(s.mint(t, service, "read", "")) }, core.AllOf("read"), 401, invalid},
		{"a token that ends in a form parameter", plain, fixed("abc&token=evil"), core.AllOf("read"), 401, invalid},
		{"a revoked token", plain, func(t *testing.T, s *server) string {
			token := s.mint(t, service, "read", "")
			s.revoke(t, service, token)
			return token
		}, core.AllOf("read"), 401, invalid},
		{"a token of the other server", plain, func(t *testing.T, s *server) string { return other(s).mint(t, service, "read", "") }, core.AllOf("read"), 401, invalid},

		// IN-59
		{"a token for us", meant(audience), minted("read", audience), core.AllOf("read"), 200, ""},
		{"a token for one of our names", meant("https://old.example", audience), minted("read", audience), core.AllOf("read"), 200, ""},
		{"a token for another service", meant("https://other.example"), minted("read", audience), core.AllOf("read"), 401, invalid},
		{"a token for a service whose name begins like ours", meant(audience + "/"), minted("read", audience), core.AllOf("read"), 401, invalid},
		{"a token for nobody in particular", meant(audience), minted("read", ""), core.AllOf("read"), 401, invalid},
		{"a token for another service where any is accepted", plain, minted("read", audience), core.AllOf("read"), 200, ""},

		// IN-63
		{"a token of the issuer", func(c *core.RFC7662Config, s *server) { c.Issuer = s.issuer }, minted("read", ""), core.AllOf("read"), 200, ""},
		{"a token of another issuer", func(c *core.RFC7662Config, s *server) { c.Issuer = s.issuer + "/" }, minted("read", ""), core.AllOf("read"), 401, invalid},
	}
	eachServer(t, func(t *testing.T, s *server) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				profile, c := config(s, service)
				tt.profile(&profile, s)
				res, _ := request(t, newVerifier(t, profile, c), tt.need, tt.token(t, s))
				if got := challenge(res); res.StatusCode != tt.status || got != tt.challenge {
					t.Errorf("the guard answers %d with the challenge %q, want %d with %q", res.StatusCode, got, tt.status, tt.challenge)
				}
			})
		}
	})
}

func half(token string) string { return token[:len(token)/2] }

// other is another server than s.
func other(s *server) *server {
	for _, o := range servers {
		if o != s {
			return o
		}
	}
	return nil
}

func TestPrincipalIsWhomTheTokenSpeaksFor(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		v, _ := newGuard(t, s)
		begun := time.Now().Add(-time.Minute)
		_, p := request(t, v, core.AllOf("read"), s.mint(t, service, "read write", audience))
		if p.ClientID() != service.ID || p.Scope() != "read write" || p.Issuer() != s.issuer || len(p.Audience()) != 1 || p.Audience()[0] != audience {
			t.Errorf("client %q, scope %q, issuer %q, audience %q", p.ClientID(), p.Scope(), p.Issuer(), p.Audience())
		}
		if left := p.ExpiresAt().Sub(begun); left < time.Hour || left > time.Hour+2*time.Minute {
			t.Errorf("the token ends at %v, want an hour from now", p.ExpiresAt())
		}
		if u, ok := p.User(); ok {
			t.Errorf("a client's token speaks for the user %q", u.ID)
		}

		_, p = request(t, v, core.AllOf("read"), s.user)
		u, ok := p.User()
		if !ok || u.ID == "" || u.ID != p.Subject() || p.ClientID() != service.ID {
			t.Errorf("a user's token speaks for %+v, %v, with the subject %q and the client %q", u, ok, p.Subject(), p.ClientID())
		}
		if s.isFosite() && u.DisplayName != userName {
			t.Errorf("the user's name is %q, want %q", u.DisplayName, userName)
		}
	})
}

// A token that ends is refused at its end, remembered or not, and also by a guard that has to ask. IN-41
func TestTokensEnd(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			v, calls := newGuard(t, s)
			token := s.mint(t, brief, "read", "")
			res, p := request(t, v, core.AllOf("read"), token)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("the guard answers %d to a new token", res.StatusCode)
			}
			calls.want(t, s.introspection, 1)
			deadline := time.After(30 * time.Second)
			guard, err := v.Guard(core.AllOf("read"))
			if err != nil {
				t.Fatal(err)
			}
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				_, denial := guard.Authorize(t.Context(), core.Request{Authorization: []string{"Bearer " + token}})
				if denial != nil {
					if !errors.Is(denial.Cause, core.ErrInvalidToken) || time.Now().Before(p.ExpiresAt()) {
						t.Errorf("refused because %v, of a token that ends at %v", denial.Cause, p.ExpiresAt())
					}
					break
				}
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatalf("still accepted, and ends at %v", p.ExpiresAt())
				}
			}
			fresh, _ := newGuard(t, s)
			wantStatus(t, fresh, core.AllOf("read"), token, http.StatusUnauthorized)
		})
	}
}

// What a server calls active without a word about its kind passes: nobody but the server could tell. oidc-provider's refresh
// tokens have no audience, so naming one keeps them out; fosite's look like access tokens in every member, so the server has
// to be told (fosite.Config.DisableRefreshTokenValidation).
func TestRefreshTokens(t *testing.T) {
	tests := []struct {
		server, audience string
		status           int
	}{
		{"oidc-provider", audience, http.StatusUnauthorized},
		{"oidc-provider", "", http.StatusOK},
		{"fosite", audience, http.StatusOK},
	}
	eachServer(t, func(t *testing.T, s *server) {
		for _, tt := range tests {
			if tt.server != s.name {
				continue
			}
			profile, c := config(s, service)
			if tt.audience != "" {
				profile.Audience, profile.AnyAudience = []string{tt.audience}, false
			}
			wantStatus(t, newVerifier(t, profile, c), core.AllOf("read"), s.refresh, tt.status)
		}
	})
}

// oidc-provider does not say inactive to what looks like a JWT but 400 unsupported_token_type. IN-96
func TestTokenThatLooksLikeJWT(t *testing.T) {
	const forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInNjb3BlIjoicmVhZCJ9."
	eachServer(t, func(t *testing.T, s *server) {
		v, _ := newGuard(t, s)
		wantStatus(t, v, core.AllOf("read"), forged, http.StatusUnauthorized)
		wantStatus(t, v, core.AllOf("read"), s.mint(t, service, "read", ""), http.StatusOK) // and harms nobody else
	})
}
