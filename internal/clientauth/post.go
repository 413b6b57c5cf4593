package clientauth

import (
	"context"
	"net/http"
	"net/url"
)

// post sends the id and the secret in the form.
type post struct {
	id     string
	secret Secret
}

// Apply implements Method.
func (p post) Apply(ctx context.Context, _ http.Header, form url.Values) error {
	secret, err := p.secret(ctx)
	if err != nil {
		return err
	}
	form.Set("client_id", p.id)
	form.Set("client_secret", secret)
	return nil
}
