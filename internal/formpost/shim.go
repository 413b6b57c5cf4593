package formpost

import (
	"context"
	"net/http"
	"net/url"
	"sync"
)

// Once is a shim until the real one comes.
func (c *Client) Once(ctx context.Context, header http.Header, form url.Values) (*Response, error) {
	return c.once(ctx, header, form, form.Encode())
}

// Budget is a shim.
type Budget struct {
	mu     sync.Mutex
	halves int
}

// NewBudget is a shim.
func NewBudget() *Budget { return &Budget{halves: 6} }

func (b *Budget) Earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halves = min(b.halves+1, 10)
}

func (b *Budget) Spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.halves < 2 {
		return false
	}
	b.halves -= 2
	return true
}
