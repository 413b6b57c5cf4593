package tokensource

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/formpost"
)

// clientCredentials asks one token endpoint.
type clientCredentials struct {
	url    string // for errors
	post   *formpost.Client
	client clientauth.Client
}

func (g *clientCredentials) fetch(ctx context.Context, scope string) (Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	header := http.Header{}
	if err := g.client.Apply(ctx, header, form); err != nil {
		return Token{}, &EndpointError{Endpoint: "token", URL: g.url, Err: err}
	}
	begun := time.Now()
	res, err := g.post.Post(ctx, header, form)
	if err != nil {
		return Token{}, &EndpointError{Endpoint: "token", URL: g.url, Err: err}
	}
	t, err := g.decode(res, begun, scope)
	if err != nil {
		return Token{}, err
	}
	return t, nil
}
