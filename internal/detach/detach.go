// Package detach lets work that outlives a request see the values of the request's context, but
// only while the request lasts. Some frameworks use the memory behind those values again for the
// next request.
package detach

import (
	"context"
	"sync"
)

// Context is a context whose values end before it does. It is safe for concurrent use.
type Context struct {
	context.Context

	mu    sync.RWMutex
	ended bool
}

// Values returns a context with the values of ctx, until End is called.
func Values(ctx context.Context) *Context { return &Context{Context: ctx} }

// Value implements context.Context.
func (c *Context) Value(key any) any {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.ended {
		return nil
	}
	return c.Context.Value(key)
}

// End ends the values. It waits for lookups that are under way, so that none reads them
// afterwards.
func (c *Context) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
}
