package tokensource

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// clientCredentials asks one token endpoint.
type clientCredentials struct {
	url    string // for errors
	post   *endpoint.Client
	client clientauth.Client
	key    fingerprintKey
	hook   contain.Hook // the program's Transport
}

var errPanicked = errors.New("it panicked")

// fetch asks for a token, and notes which secret it used.
func (g *clientCredentials) fetch(ctx context.Context, scope string, used *fingerprint) (Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	header := http.Header{}
	client := g.client
	client.Secret = func(ctx context.Context) (string, error) {
		secret, err := g.client.Secret(ctx)
		*used = g.key.of(secret)
		return secret, err
	}
	if err := client.Apply(ctx, header, form); err != nil {
		return Token{}, &EndpointError{Endpoint: "token", URL: g.url, Err: err}
	}
	begun := time.Now()
	var res *endpoint.Response
	err := errPanicked
	g.hook.Call(func() { res, err = g.post.Post(ctx, header, form) })
	if err != nil {
		return Token{}, &EndpointError{Endpoint: "token", URL: g.url, Hint: endpoint.Hint(err), Err: err}
	}
	t, err := g.decode(res, begun, scope)
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// secret is the fingerprint of the secret as it is now.
func (g *clientCredentials) secret(ctx context.Context) (fingerprint, error) {
	secret, err := g.client.Secret(ctx)
	return g.key.of(secret), err
}
