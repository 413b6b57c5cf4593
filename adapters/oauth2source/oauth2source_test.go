package oauth2source_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/mfpguard/mfpguard/adapters/oauth2source"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// ours is a Source at srv.
func ours(t testing.TB, srv *coretest.Server) *tokensource.Source {
	t.Helper()
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "orders.read", Transport: srv.Client().Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// theirs is the configuration of x/oauth2 for the same client, and the context that it takes its HTTP client from.
func theirs(ctx context.Context, srv *coretest.Server) (context.Context, *clientcredentials.Config) {
	return context.WithValue(ctx, oauth2.HTTPClient, srv.Client()), &clientcredentials.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scopes: []string{"orders.read"},
		AuthStyle: oauth2.AuthStyleInHeader,
	}
}

func TestFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		src := ours(t, srv)
		ts := oauth2source.From(src)
		got, err := ts.Token()
		if err != nil {
			t.Fatal(err)
		}
		want, _ := src.Token(t.Context())
		if got.AccessToken != string(want.AccessToken) || got.Type() != "Bearer" || !got.Expiry.Equal(want.ExpiresAt) || !got.Valid() || got.Extra("scope") != "orders.read" {
			t.Errorf("token is %+v, want %+v", got, want)
		}
		src.Invalidate(want)
		if again, err := ts.Token(); err != nil || again.AccessToken == got.AccessToken {
			t.Errorf("after Invalidate: %+v, %v", again, err)
		}
	})
}

func TestFromReportsErrors(t *testing.T) {
	srv := coretest.New()
	srv.DeleteClient("test")
	token, err := oauth2source.From(ours(t, srv)).Token()
	if !errors.Is(err, tokensource.ErrInvalidClient) || token != nil {
		t.Errorf("Token = %v, %v", token, err)
	}
}

func TestTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		ctx, c := theirs(t.Context(), srv)
		src := oauth2source.To(c.TokenSource(ctx))
		for range 3 {
			tok, err := src.Token(t.Context())
			if err != nil || tok.AccessToken == "" || tok.Scope != "orders.read" || time.Until(tok.ExpiresAt) > 3599*time.Second {
				t.Fatalf("Token = %+v, %v", tok, err)
			}
		}
		if n := srv.Calls().Token; n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

// tokenSource is an oauth2.TokenSource made of a function.
type tokenSource func() (*oauth2.Token, error)

func (f tokenSource) Token() (*oauth2.Token, error) { return f() }

func TestToRefuses(t *testing.T) {
	body := []byte("c4n4ry")
	tests := []struct {
		name string
		ts   tokenSource
		want string
	}{
		{"an error", func() (*oauth2.Token, error) { return nil, errors.New("no way") }, "no way"},
		{"nothing", func() (*oauth2.Token, error) { return nil, nil }, "neither a token nor an error"},
		{"another type", func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "c4n4ry", TokenType: "mac"}, nil }, "not of type Bearer"},
		{"an empty token", func() (*oauth2.Token, error) { return &oauth2.Token{}, nil }, "no header can carry"},
		{"an ended token", func() (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: "c4n4ry", Expiry: time.Now().Add(-time.Hour)}, nil
		}, "had ended"},
		{"a panic", func() (*oauth2.Token, error) { panic("c4n4ry") }, "panicked"},
		{"an error with the answer's body", func() (*oauth2.Token, error) {
			return nil, fmt.Errorf("oauth2: %w", &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400, Status: "400 c4n4ry"}, Body: body, ErrorCode: "invalid_client", ErrorDescription: "c4n4ry"})
		}, "answered 400 invalid_client"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tok, err := oauth2source.To(tt.ts).Token(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "c4n4ry") || tok.AccessToken != "" {
				t.Errorf("Token = %v, %v, want %q", tok, err, tt.want)
			}
		})
	}
}

// A TokenSource that hangs is waited for by one goroutine, however often somebody asks.
func TestToOfAHangingTokenSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		release := make(chan struct{})
		src := oauth2source.To(tokenSource(func() (*oauth2.Token, error) {
			calls.Add(1)
			<-release
			return &oauth2.Token{AccessToken: "t"}, nil
		}))
		for range 100 {
			if _, err := src.Token(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Token: %v, want %v", err, context.DeadlineExceeded)
			}
			time.Sleep(time.Second)
		}
		if calls.Load() != 1 {
			t.Errorf("%d calls, want 1", calls.Load())
		}
		close(release)
		time.Sleep(time.Minute)
		if tok, err := src.Token(t.Context()); err != nil || tok.AccessToken != "t" || calls.Load() != 1 {
			t.Errorf("Token = %v, %v after %d calls", tok, err, calls.Load())
		}
	})
}

func TestToDoesNotLeakGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if one is left
		src := oauth2source.To(tokenSource(func() (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: "t", Expiry: time.Now().Add(time.Second)}, nil
		}))
		for range 10 {
			if _, err := src.Token(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
	})
}

func ExampleFrom() {
	ts := oauth2source.From(tokensource.Static("t0k3n"))
	token, err := ts.Token()
	fmt.Println(token.Type(), token.AccessToken, err)
	// Output: Bearer t0k3n <nil>
}

func ExampleTo() {
	src := oauth2source.To(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t0k3n"}))
	token, err := src.Token(context.Background())
	fmt.Println(string(token.AccessToken), token.AccessToken, err)
	// Output: t0k3n [REDACTED] <nil>
}

// No Source is an error that names the fix; no TokenSource is a mistake at set-up.
func TestNothing(t *testing.T) {
	for name, src := range map[string]*tokensource.Source{"nil": nil, "zero": new(tokensource.Source)} {
		if tok, err := oauth2source.From(src).Token(); tok != nil || err == nil || !strings.Contains(err.Error(), "make it with New, Func or Static") {
			t.Errorf("%s: Token = %v, %v", name, tok, err)
		}
	}
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "oauth2source: the TokenSource of To is nil") {
			t.Errorf("To(nil) panics with %q", r)
		}
	}()
	oauth2source.To(nil)
}
