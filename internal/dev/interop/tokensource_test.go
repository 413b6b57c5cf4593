package interop_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// newSource is a token source for c at s.
func newSource(t *testing.T, s *server, c client, auth tokensource.ClientAuth, scope string, via http.RoundTripper) *tokensource.Source {
	t.Helper()
	src, err := tokensource.New(tokensource.Config{
		TokenURL: s.token, ClientID: c.ID, ClientSecret: tokensource.Secret(c.Secret), ClientAuth: auth, Scope: scope, Transport: via,
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// CC-04
func TestSourceGetsATokenThatTheGuardAccepts(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		v, _ := newGuard(t, s)
		for _, auth := range []tokensource.ClientAuth{tokensource.Basic, tokensource.Post} {
			for _, c := range append([]client{service, plus}, odd...) {
				t.Run(string(auth)+" "+c.ID, func(t *testing.T) {
					begun := time.Now()
					token, err := newSource(t, s, c, auth, "read write", nil).Token(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					life := token.ExpiresAt.Sub(begun) // fosite says 3599 as soon as it has taken a moment
					if token.Scope != "read write" || life < time.Hour-time.Minute || life > time.Hour+time.Minute {
						t.Errorf("scope %q for %v, want read write for an hour", token.Scope, life)
					}
					if _, p := request(t, v, read, string(token.AccessToken)); p.ClientID() != c.ID {
						t.Errorf("the guard sees the client %q, want %q", p.ClientID(), c.ID)
					}
				})
			}
		}
	})
}

func TestSourceWithoutAScope(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		token, err := newSource(t, s, service, tokensource.Basic, "", nil).Token(t.Context())
		if err != nil || token.Scope != "" { // fosite answers scope "", oidc-provider no such member
			t.Errorf("scope %q, %v, want none", token.Scope, err)
		}
	})
}

func TestSourceErrors(t *testing.T) {
	wrong := service
	wrong.Secret = "canary-wrong"
	fosite, provider := []string{"fosite"}, []string{"oidc-provider"}
	all := append(fosite, provider...)
	tests := []struct {
		name    string
		servers []string
		client  client
		auth    tokensource.ClientAuth
		scope   string
		status  int
		code    tokensource.ErrorCode
		hint    string
	}{
		{"a wrong secret", all, wrong, tokensource.Basic, "read", 401, tokensource.ErrInvalidClient, "id or secret is wrong"},
		{"a wrong secret in the form", all, wrong, tokensource.Post, "read", 401, tokensource.ErrInvalidClient, "id or secret is wrong"},
		{"an unknown client", all, newClient("stranger", "canary-x"), tokensource.Basic, "read", 401, tokensource.ErrInvalidClient, "id or secret is wrong"},
		{"raw credentials where encoded ones are due", all, plus, tokensource.BasicRaw, "read", 401, tokensource.ErrInvalidClient, "id or secret is wrong"},
		{"raw credentials that are no encoding at all", all, newClient("id%x", "secret%y"), tokensource.BasicRaw, "read", 400, tokensource.ErrInvalidRequest, ""},
		{"a scope that the client may not have", all, service, tokensource.Basic, "admin", 400, tokensource.ErrInvalidScope, `does not cover "admin"`},
		{"one scope too many", all, service, tokensource.Basic, "read admin", 400, tokensource.ErrInvalidScope, `does not cover "read admin"`},
		{"a scope that nobody knows", fosite, service, tokensource.Basic, "bogus", 400, tokensource.ErrInvalidScope, `does not cover "bogus"`},
		{"a client without the grant", fosite, barred, tokensource.Basic, "read", 400, tokensource.ErrUnauthorizedClient, ""},
		{"a client without the grant", provider, barred, tokensource.Basic, "read", 400, tokensource.ErrInvalidRequest, ""},
	}
	eachServer(t, func(t *testing.T, s *server) {
		for _, tt := range tests {
			if !strings.Contains(strings.Join(tt.servers, " "), s.name) {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				calls := &counter{}
				src := newSource(t, s, tt.client, tt.auth, tt.scope, calls)
				for range 2 { // the second error is a remembered one
					_, err := src.Token(t.Context())
					e, ok := errors.AsType[*tokensource.EndpointError](err)
					if !ok || e.Status != tt.status || !errors.Is(err, tt.code) || !strings.Contains(err.Error(), tt.hint) {
						t.Fatalf("got %v, want %d %s with a hint at %q", err, tt.status, tt.code, tt.hint)
					}
					if strings.Contains(err.Error(), tt.client.Secret) {
						t.Errorf("the error repeats the secret: %v", err)
					}
				}
				calls.want(t, s.token, 1)
			})
		}
	})
}

// oidc-provider leaves out what it does not know, and says so by naming no scope, which is taken for all.
func TestSourceIsNotToldOfAnUnknownScope(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		if s.isFosite() {
			return // which refuses: TestSourceErrors
		}
		token, err := newSource(t, s, service, tokensource.Basic, "bogus", nil).Token(t.Context())
		if err != nil || token.Scope != "bogus" {
			t.Errorf("scope %q, %v", token.Scope, err)
		}
		token, err = newSource(t, s, service, tokensource.Basic, "read bogus", nil).Token(t.Context()) // JL-05
		if err != nil || token.Scope != "read" {
			t.Errorf("scope %q, %v, want the token with what was granted", token.Scope, err)
		}
	})
}

// A source hands out its token while it is good, then another, without an error in between. CC-33
func TestSourceRenews(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			calls := &counter{}
			src := newSource(t, s, brief, tokensource.Basic, "read", calls)
			first, err := src.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tick, deadline := time.NewTicker(50*time.Millisecond), time.After(30*time.Second)
			defer tick.Stop()
			for {
				token, err := src.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if token.AccessToken != first.AccessToken {
					break
				}
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatal("the token was not renewed")
				}
			}
			calls.want(t, s.token, 2)
		})
	}
}
