package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// notebook records what happened during the last request.
type notebook struct {
	mu    sync.Mutex
	cache core.Lookup
	cause error
}

func (n *notebook) trace() core.Trace {
	return core.Trace{
		Looked: func(_ context.Context, i core.LookedInfo) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.cache = i.Result
		},
		Decided: func(_ context.Context, i core.DecidedInfo) {
			n.mu.Lock()
			defer n.mu.Unlock()
			if i.Denial != nil {
				n.cause = i.Denial.Cause
			}
		},
	}
}

// tear returns the notes and clears them.
func (n *notebook) tear() (core.Lookup, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	cache, cause := n.cache, n.cause
	n.cache, n.cause = "", nil
	return cache, cause
}

// caller makes the requests of a story, shows them and checks them.
type caller struct {
	client *http.Client
	api    string
	server *coretest.Server
	notes  *notebook
	out    io.Writer
}

func (c *caller) tell(ctx context.Context, steps []step) error {
	for i, s := range steps {
		if s.before != nil {
			s.before()
		}
		got, err := c.do(ctx, s)
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		fmt.Fprintf(c.out, "\n%2d. %s\n", i+1, s.title)
		c.show(s, got)
		if err := got.check(s.want); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	fmt.Fprintf(c.out, "\nAll %d answers were as they should be.\n", len(steps))
	return nil
}

// seen is an exchange with the reason of a refusal.
type seen struct {
	exchange
	cause error
}

func (c *caller) do(ctx context.Context, s step) (seen, error) {
	method, path, _ := strings.Cut(s.request, " ")
	req, err := http.NewRequestWithContext(ctx, method, c.api+path, nil)
	if err != nil {
		return seen{}, err
	}
	if s.token.value != "" {
		req.Header.Set("Authorization", "Bearer "+s.token.value)
	}
	before := c.server.Calls()
	res, err := c.client.Do(req)
	if err != nil {
		return seen{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return seen{}, err
	}
	after := c.server.Calls()
	cache, cause := c.notes.tear()
	return seen{cause: cause, exchange: exchange{
		status: res.StatusCode,
		header: telling(res.Header),
		body:   string(body),
		cache:  cache,
		calls: coretest.Calls{
			Token:         after.Token - before.Token,
			Introspection: after.Introspection - before.Introspection,
		},
	}}, nil
}

// telling returns the header field that clients act on.
func telling(h http.Header) string {
	for _, name := range []string{"WWW-Authenticate", "Retry-After", "MFP-Conflict"} {
		if v := h.Get(name); v != "" {
			return name + ": " + v
		}
	}
	return ""
}

func (c *caller) show(s step, got seen) {
	c.line("request", s.request)
	if s.token.name != "" {
		c.line("", "Authorization: Bearer <"+s.token.name+">")
	}
	c.line("answer", fmt.Sprintf("%d %s", got.status, http.StatusText(got.status)))
	if got.header != "" {
		c.line("", got.header)
	}
	if got.body != "" {
		c.line("", clip(got.body))
	}
	if got.cause != nil {
		c.line("cause", got.cause.Error()) // for the log of the API: the caller does not see it
	}
	c.line("cache", cmp.Or(string(got.cache), "not asked"))
	c.line("AS calls", calls(got.calls))
}

// clip shortens a long body to one line.
func clip(body string) string {
	if len(body) > longestLine {
		return body[:longestLine] + "..."
	}
	return body
}

// longestLine is how much of a body is shown.
const longestLine = 90

func calls(c coretest.Calls) string {
	switch {
	case c.Token > 0:
		return fmt.Sprintf("%d token, %d introspection", c.Token, c.Introspection)
	case c.Introspection > 0:
		return fmt.Sprintf("%d introspection", c.Introspection)
	}
	return "none"
}

func (c *caller) line(label, text string) {
	fmt.Fprintf(c.out, "    %-9s %s\n", label, text)
}

// check returns how an exchange differs from want. A wanted body that ends in "..." may end in
// anything.
func (e exchange) check(want exchange) error {
	if start, open := strings.CutSuffix(want.body, "..."); open && strings.HasPrefix(e.body, start) {
		e.body = want.body
	}
	if e != want {
		return fmt.Errorf("got %+v, want %+v", e, want)
	}
	return nil
}
