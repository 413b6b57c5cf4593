// Package oauth2source bridges between tokensource and golang.org/x/oauth2, in both directions.
//
// For a library that wants an oauth2.TokenSource:
//
//	service, err := api.NewService(ctx, option.WithTokenSource(oauth2source.From(src)))
//
// For a token that x/oauth2 can fetch, with the renewal, the backoff and the Transport of
// tokensource:
//
//	src := oauth2source.To(credentials.TokenSource(ctx))
//
// Prefer [tokensource.Source.Transport] to oauth2.NewClient, which sends the token to any host
// that a redirect names, and keeps a refused token until it ends.
package oauth2source

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/oauth2"

	"github.com/mfpguard/mfpguard/tokensource"
)

// From returns src as an oauth2.TokenSource. Its method Token has no context: it waits for one
// fetch at most, which [tokensource.Config.Timeout] bounds. It is safe for concurrent use.
//
// Do not wrap it in oauth2.ReuseTokenSource, as oauth2.NewClient does: that keeps a token after
// src has dropped it as refused. An oauth2.Token, unlike a [tokensource.Token], prints its secret.
// Its Extra("scope") is the granted scope.
func From(src *tokensource.Source) oauth2.TokenSource { return from{src} }

type from struct{ source *tokensource.Source }

// Token implements oauth2.TokenSource.
func (f from) Token() (*oauth2.Token, error) {
	t, err := f.source.Token(context.Background())
	if err != nil {
		return nil, err
	}
	token := &oauth2.Token{AccessToken: string(t.AccessToken), TokenType: "Bearer", Expiry: t.ExpiresAt}
	return token.WithExtra(map[string]any{"scope": t.Scope}), nil
}

// To returns a Source that gets its tokens from ts. If ts does not answer within five seconds, the
// callers get an error, and ts is not called again before it has answered. To panics if ts is nil.
//
// Most token sources of x/oauth2 keep their token, as oauth2.ReuseTokenSource does, and so may
// return an invalidated one again. clientcredentials.Config.Token does not: pass it to
// [tokensource.Func].
func To(ts oauth2.TokenSource) *tokensource.Source {
	if ts == nil {
		panic("oauth2source: the TokenSource of To is nil")
	}
	t := &to{source: ts}
	return tokensource.Func(t.fetch)
}

// to calls an oauth2.TokenSource, one call at a time. Such a call has no context and cannot be
// stopped.
type to struct {
	source oauth2.TokenSource

	mu      sync.Mutex
	pending chan answer // of the call under way, or nil
}

type answer struct {
	token *oauth2.Token
	err   error
}

func (t *to) fetch(ctx context.Context) (tokensource.Token, error) {
	select {
	case a := <-t.ask():
		t.mu.Lock()
		t.pending = nil
		t.mu.Unlock()
		return read(a)
	case <-ctx.Done():
		return tokensource.Token{}, fmt.Errorf("oauth2source: the TokenSource does not answer: %w", context.Cause(ctx))
	}
}

// ask returns the channel for the answer of the call under way. It starts a call if there is none.
func (t *to) ask() <-chan answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending == nil {
		pending := make(chan answer, 1)
		t.pending = pending
		go func() {
			a := answer{err: errors.New("oauth2source: the TokenSource panicked")}
			defer func() {
				_ = recover() // as tokensource does for its own fetches
				pending <- a
			}()
			token, err := t.source.Token()
			a = answer{token, err}
		}()
	}
	return t.pending
}

// read converts an answer.
func read(a answer) (tokensource.Token, error) {
	switch {
	case a.err != nil:
		return tokensource.Token{}, redact(a.err)
	case a.token == nil:
		return tokensource.Token{}, errors.New("oauth2source: the TokenSource answered neither a token nor an error")
	case a.token.Type() != "Bearer":
		return tokensource.Token{}, errors.New("oauth2source: the token is not of type Bearer")
	}
	scope, _ := a.token.Extra("scope").(string)
	return tokensource.Token{AccessToken: tokensource.Secret(a.token.AccessToken), Scope: scope, ExpiresAt: a.token.Expiry}, nil
}

// redact replaces x/oauth2's error, which contains the body of the server's answer.
func redact(err error) error {
	e, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return err
	}
	endpoint := &tokensource.EndpointError{Endpoint: "token", Code: tokensource.ErrorCode(e.ErrorCode)}
	if e.Response != nil {
		endpoint.Status = e.Response.StatusCode
	}
	return endpoint
}
