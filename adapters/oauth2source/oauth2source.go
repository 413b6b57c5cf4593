// Package oauth2source bridges between tokensource and golang.org/x/oauth2, in both directions.
//
// For a library that wants an oauth2.TokenSource:
//
//	service, err := api.NewService(ctx, option.WithTokenSource(oauth2source.From(src)))
//
// For a token that x/oauth2 knows how to get, with the renewal, the backoff and the Transport of tokensource:
//
//	src := oauth2source.To(credentials.TokenSource(ctx))
//
// Where there is a choice, use Source.Transport rather than oauth2.NewClient: the latter sends the token to whatever host a
// redirect names, and keeps a refused token until it ends.
package oauth2source

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/oauth2"

	"github.com/mfpguard/mfpguard/tokensource"
)

// From returns src for code that wants an oauth2.TokenSource. Its Token has no context: it waits for one fetch at most, which
// Config.Timeout bounds. Do not wrap it in oauth2.ReuseTokenSource, which oauth2.NewClient does by itself: that keeps a token
// of which src knows that it was refused. The oauth2.Token prints itself, token and all. What was granted is its
// Extra("scope").
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

// To returns a Source that gets its tokens from ts. A ts that keeps tokens itself, as oauth2.ReuseTokenSource does, and with it
// nearly all of x/oauth2, may bring an invalidated token back; clientcredentials.Config.Token, through tokensource.Func,
// does not. A ts that does not answer in five seconds is an error for the callers, and is not called again before it has
// answered.
func To(ts oauth2.TokenSource) *tokensource.Source {
	t := &to{source: ts}
	return tokensource.Func(t.fetch)
}

// to calls an oauth2.TokenSource, which has no context to be stopped with, once at a time.
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

// ask returns where the answer of the call under way will be, after starting one if need be.
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

// read takes over what tokensource needs of an answer.
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

// redact takes the answer's body out of x/oauth2's error, which repeats it.
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
