package coretest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// SV-10: a client that is not ours gets tokens from each dialect, and can introspect with them or
// with its credentials. MobileFirst 7.x has no tokens for services.
func TestForeignClient(t *testing.T) {
	for _, tt := range []struct {
		dialect   coretest.Dialect
		style     oauth2.AuthStyle
		tokenType string
		seconds   float64
	}{
		{coretest.MobileFirst8, oauth2.AuthStyleInHeader, "Bearer", 3599},
		{coretest.Curity, oauth2.AuthStyleInParams, "bearer", 299},
		{coretest.Curity, oauth2.AuthStyleInHeader, "bearer", 299},
		{coretest.RFC7662, oauth2.AuthStyleInHeader, "Bearer", 3599},
		{coretest.RFC7662, oauth2.AuthStyleInParams, "Bearer", 3599},
	} {
		srv := coretest.NewServer()
		defer srv.Close()
		srv.Only(tt.dialect)
		srv.SetClient(coretest.Client{ID: "rs", Secret: "s3cret", AllowedScope: "read authorization.introspect"})
		token, err := foreignToken(t, srv, tt.dialect, tt.style, "s3cret", "authorization.introspect")
		if err != nil {
			t.Errorf("%v: %v", tt.dialect, err)
			continue
		}
		if token.TokenType != tt.tokenType || token.Extra("expires_in") != tt.seconds || token.Extra("scope") != "authorization.introspect" {
			t.Errorf("%v: %+v, scope %v", tt.dialect, token, token.Extra("scope"))
		}
		if got := introspectAt(t, srv, tt.dialect, token); got.member(t, "active") != "true" || got.member(t, "client_id") != `"rs"` {
			t.Errorf("%v: introspection answers %d %s", tt.dialect, got.status, got.body)
		}
		for what, code := range map[[2]string]string{{"wrong", "read"}: "invalid_client", {"s3cret", "admin"}: "invalid_scope"} {
			_, err = foreignToken(t, srv, tt.dialect, tt.style, what[0], what[1])
			if refused, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || refused.ErrorCode != code {
				t.Errorf("%v: secret and scope %q: %v, want %s", tt.dialect, what, err, code)
			}
		}
	}
}

func foreignToken(t *testing.T, srv *coretest.Server, d coretest.Dialect, style oauth2.AuthStyle, secret, scope string) (*oauth2.Token, error) {
	t.Helper()
	c := clientcredentials.Config{
		ClientID: "rs", ClientSecret: secret, TokenURL: srv.EndpointURL(d, coretest.Token), Scopes: []string{scope}, AuthStyle: style,
	}
	return c.Token(context.WithValue(t.Context(), oauth2.HTTPClient, srv.Client()))
}

// introspectAt asks about a token, with the token itself where the dialect takes that.
func introspectAt(t *testing.T, srv *coretest.Server, d coretest.Dialect, token *oauth2.Token) answer {
	t.Helper()
	r := newRequest(t, srv, http.MethodPost, srv.EndpointURL(d, coretest.Introspection)[len(srv.URL):], basic("rs", "s3cret"), form("token", token.AccessToken))
	if d != coretest.Curity {
		token.SetAuthHeader(r)
	}
	a, err := do(srv, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
