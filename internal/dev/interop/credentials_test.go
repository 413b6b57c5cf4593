package interop_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Both servers decode what RFC 6749 section 2.3.1 has clients encode. IN-07, CC-04
func TestOddCredentials(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		for _, c := range odd {
			t.Run(c.ID, func(t *testing.T) {
				profile, config := config(s, c)
				v := newVerifier(t, profile, config)
				if err := v.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				wantStatus(t, v, read, s.mint(t, c, "read", ""), http.StatusOK)
				wantStatus(t, v, read, "nobody-s-token", http.StatusUnauthorized)
			})
		}
	})
}

func TestCredentialsInTheForm(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		for _, c := range odd {
			profile, config := config(s, c)
			profile.ClientAuth = tokensource.Post
			v := newVerifier(t, profile, config)
			if s.isFosite() { // which takes them at its token endpoint only
				wantNotReady(t, v, core.EndpointError{Endpoint: "introspection", URL: s.introspection, Status: http.StatusUnauthorized}, "does not accept our credentials")
				continue
			}
			if err := v.Ready(t.Context()); err != nil {
				t.Errorf("client %q: %v", c.ID, err)
			}
			wantStatus(t, v, read, s.mint(t, c, "read", ""), http.StatusOK)
		}
	})
}

// A client of oidc-provider that is registered for the form. SV-05
func TestClientRegisteredForTheForm(t *testing.T) {
	s := theProvider()
	token, err := newSource(t, s, poster, tokensource.Post, "read", nil).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	profile, c := config(s, poster)
	profile.ClientAuth = tokensource.Post
	v := newVerifier(t, profile, c)
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, v, read, string(token.AccessToken), http.StatusOK)
	wantStatus(t, v, read, "nobody-s-token", http.StatusUnauthorized)
}

// Whatever is wrong with us is no fault of the client: 503, and Ready says what to look at. IN-32
func TestOurOwnMistakes(t *testing.T) {
	tests := []struct {
		name   string
		make   func(*core.RFC7662Config, *core.Config, *server)
		status map[string]int // that the introspection endpoint answers, by server
		hint   string         // in the error
	}{
		{"a wrong secret", func(_ *core.RFC7662Config, c *core.Config, _ *server) { c.ClientSecret = "canary-wrong" }, both(401), "does not accept our credentials"},
		{"an unknown client", func(_ *core.RFC7662Config, c *core.Config, _ *server) { c.ClientID = "stranger" }, both(401), "does not accept our credentials"},
		{"raw credentials where encoded ones are due", func(p *core.RFC7662Config, c *core.Config, _ *server) {
			p.ClientAuth, c.ClientID, c.ClientSecret = tokensource.BasicRaw, plus.ID, tokensource.Secret(plus.Secret)
		}, both(401), "does not accept our credentials"},
		{"raw credentials that are no encoding at all", func(p *core.RFC7662Config, c *core.Config, _ *server) {
			p.ClientAuth, c.ClientID, c.ClientSecret = tokensource.BasicRaw, "id%x", "secret%y"
		}, map[string]int{"fosite": 401, "oidc-provider": 400}, "our credentials"},
		{"another path", func(p *core.RFC7662Config, _ *core.Config, s *server) { p.IntrospectionURL = s.introspection + "/no" }, both(404), "check the URL of the introspection endpoint"},
		{"the token endpoint", func(p *core.RFC7662Config, _ *core.Config, s *server) { p.IntrospectionURL = s.token }, both(400), "check the URL"},
	}
	eachServer(t, func(t *testing.T, s *server) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				profile, c := config(s, service)
				tt.make(&profile, &c, s)
				v := newVerifier(t, profile, c)
				wantNotReady(t, v, core.EndpointError{Endpoint: "introspection", URL: profile.IntrospectionURL, Status: tt.status[s.name]}, tt.hint)
				res, _ := request(t, v, read, s.mint(t, service, "read", ""))
				if res.StatusCode != http.StatusServiceUnavailable || challenge(res) != "" || res.Header.Get("Retry-After") == "" {
					t.Errorf("the guard answers %d with the header %v, want 503, Retry-After and no challenge", res.StatusCode, res.Header)
				}
			})
		}
	})
}

func both(status int) map[string]int {
	return map[string]int{"fosite": status, "oidc-provider": status}
}

// wantNotReady fails the test unless Ready's error is want with hint in its text, and repeats no secret.
func wantNotReady(t *testing.T, v *core.Verifier, want core.EndpointError, hint string) {
	t.Helper()
	err := v.Ready(t.Context())
	got, ok := errors.AsType[*core.EndpointError](err)
	if !ok || got.Endpoint != want.Endpoint || got.URL != want.URL || got.Status != want.Status || !strings.Contains(err.Error(), hint) {
		t.Errorf("not ready because %v, want status %d and a hint at %q", err, want.Status, hint)
	}
	if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), service.Secret)) {
		t.Errorf("the error repeats a secret: %v", err)
	}
}

func TestStaticBearerTokenIsRefused(t *testing.T) {
	hints := map[string]string{"fosite": "it does not accept our credentials", "oidc-provider": "how our credentials are sent"}
	eachServer(t, func(t *testing.T, s *server) {
		profile := core.RFC7662Config{IntrospectionURL: s.introspection, TokenSource: tokensource.Static("canary-bearer"), AnyAudience: true}
		v := newVerifier(t, profile, core.Config{})
		if err := v.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), hints[s.name]) || strings.Contains(err.Error(), "canary") {
			t.Errorf("not ready because %v, want a hint at %q", err, hints[s.name])
		}
		wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusServiceUnavailable)
	})
}

func TestSecretIsRotated(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		var secret atomic.Value
		secret.Store("not-yet")
		profile, c := config(s, service)
		c.ClientSecret = ""
		c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
			return tokensource.Secret(secret.Load().(string)), nil
		}
		v := newVerifier(t, profile, c)
		token := s.mint(t, service, "read", "")
		wantStatus(t, v, read, token, http.StatusServiceUnavailable)
		secret.Store(service.Secret)
		wantStatus(t, v, read, token, http.StatusOK)
	})
}

// fosite lets any active access token ask; oidc-provider lets none. IN-10
func TestBearerTokenOfOurOwn(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		calls := &counter{}
		own, err := tokensource.New(tokensource.Config{
			TokenURL: s.token, ClientID: service.ID, ClientSecret: tokensource.Secret(service.Secret), ClientAuth: tokensource.Basic, Transport: calls,
		})
		if err != nil {
			t.Fatal(err)
		}
		profile := core.RFC7662Config{IntrospectionURL: s.introspection, TokenSource: own, AnyAudience: true}
		v := newVerifier(t, profile, core.Config{Transport: calls})
		token := s.mint(t, service, "read", "")
		if !s.isFosite() {
			wantNotReady(t, v, core.EndpointError{Endpoint: "introspection", URL: s.introspection, Status: http.StatusBadRequest}, "how our credentials are sent")
			wantStatus(t, v, read, token, http.StatusServiceUnavailable)
			return
		}
		if err := v.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, v, read, token, http.StatusOK)
		wantStatus(t, v, read, "nobody-s-token", http.StatusUnauthorized)
		calls.want(t, s.token, 1)
		calls.want(t, s.introspection, 3)

		// A token of ours that has ended is renewed once, and nobody notices.
		ours, err := own.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.revoke(t, service, string(ours.AccessToken))
		wantStatus(t, v, read.MaxAge(0), token, http.StatusOK)
		calls.want(t, s.token, 2)
		calls.want(t, s.introspection, 5)

		// fosite refuses to be asked about the very token that asks, which is a refusal of nobody's.
		ours, err = own.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, v, core.Authenticated(), string(ours.AccessToken), http.StatusOK)
		calls.want(t, s.token, 3)
	})
}
