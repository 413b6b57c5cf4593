package clientauth

import (
	"context"
	"net/http"
	"net/url"
)

// Certificate is the Method of a client whose TLS certificate authenticates it (RFC 8705 section
// 2). Its value is the id of the client, which is all that is sent.
type Certificate string

// Apply implements Method.
func (c Certificate) Apply(_ context.Context, _ http.Header, form url.Values) error {
	form.Set("client_id", string(c))
	return nil
}
