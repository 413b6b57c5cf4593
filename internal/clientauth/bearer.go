package clientauth

import (
	"context"
	"net/http"
	"net/url"
)

// Bearer is an access token of the client's own as a Method (RFC 6750 section 2.1).
type Bearer string

// Apply implements Method.
func (b Bearer) Apply(_ context.Context, header http.Header, _ url.Values) error {
	header.Set("Authorization", "Bearer "+string(b))
	return nil
}
