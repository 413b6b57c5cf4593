package tokensource

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// clientCredentials is the grant of RFC 6749 section 4.4 at one token endpoint.
type clientCredentials struct {
	url      string // for errors
	endpoint *endpoint.Client
	complete bool // the whole scope must be granted
	timeout  time.Duration
	credentials
	hook contain.Hook // the program's Transport
}

var errPanicked = errors.New("it panicked")

// fetch asks for a token, and sets used to the fingerprint of the secret or key that was sent last.
func (g *clientCredentials) fetch(ctx context.Context, scope string, used *fingerprint) (Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	var res *endpoint.Response
	err := errPanicked
	g.hook.Call(func() { res, err = g.endpoint.Post(ctx, form, g.method(used)) })
	if err != nil {
		return Token{}, &EndpointError{Endpoint: "token", URL: g.url, Hint: endpoint.Hint(err, g.timeout), Err: err}
	}
	t, err := g.decode(res, scope)
	if err != nil {
		return Token{}, err
	}
	return t, nil
}
