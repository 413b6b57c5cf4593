package endpoint

import (
	"context"
	"net/http"
)

// Get reads the document at the URL of the Client. It sends no credentials; accept is the media
// type to ask for. The same limits hold as for [Client.Once], and the document is asked for again
// in the same way after a dead connection. Every status is an answer.
func (c *Client) Get(ctx context.Context, accept string) (*Response, error) {
	a := attempt{header: http.Header{"Accept": {accept}}, get: true}
	return c.overDead(ctx, func() (attempt, error) { return a, nil })
}
