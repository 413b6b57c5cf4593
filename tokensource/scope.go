package tokensource

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxRemembered bounds the Sources of one client, and the paths whose scope a Transport remembers.
const maxRemembered = 1024

// CheckScope returns an error if scope is not a space-separated list of scope tokens (RFC 6749
// section 3.3). An empty list is valid. The error's text completes "scope ...".
func CheckScope(scope string) error {
	for i := range len(scope) {
		if c := scope[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return fmt.Errorf("has the character %q, which a scope cannot have (RFC 6749 section 3.3)", c)
		}
	}
	return nil
}

// Scoped returns the Source of the same client for another scope, a space-separated list of
// elements. The same elements in any order give the same Source, so call Scoped wherever the token
// is needed. (After 1024 different scopes the client starts again with new Sources.)
//
// The Sources of one client share its connections, its secret and its [Config.Renewed]. Each has
// its own token, fetch and backoff.
//
// If scope is not valid (see [CheckScope]), the Source returns an error for each token. A Source of
// [Func] or [Static] has one token for all scopes and returns itself.
func (s *Source) Scoped(scope string) *Source {
	if s == nil || s.scoped == nil {
		return s
	}
	if err := CheckScope(scope); err != nil {
		return Func(func(context.Context) (Token, error) { return Token{}, fmt.Errorf("tokensource: the scope %w", err) })
	}
	return s.scoped.get(scope)
}

// plusScope returns the Source for s's own scope and more.
func (s *Source) plusScope(more string) *Source { return s.Scoped(s.scope + " " + more) }

// scopedSources are the Sources of one client.
type scopedSources struct {
	create func(scope string) *Source

	mu      sync.Mutex
	sources map[string]*Source // by scopeSet
}

// get returns the Source for scope, and creates it the first time.
func (c *scopedSources) get(scope string) *Source {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := strings.Join(scopeSet(scope), " ")
	s, ok := c.sources[key]
	if !ok {
		if len(c.sources) >= maxRemembered { // a resource may ask for a new scope each time
			clear(c.sources)
		}
		s = c.create(strings.Join(strings.Fields(scope), " "))
		c.sources[key] = s
	}
	return s
}

// scopeSet returns the elements of scope, sorted and each once.
func scopeSet(scope string) []string {
	elements := strings.Fields(scope)
	slices.Sort(elements)
	return slices.Compact(elements)
}

// missingScope returns the elements of asked that granted does not have, quoted. If granted is
// empty, nothing is missing: several servers name no scope when they grant all of it.
func missingScope(granted, asked string) string {
	have := strings.Fields(granted)
	if len(have) == 0 {
		return ""
	}
	var missing []string
	for want := range strings.FieldsSeq(asked) {
		if !slices.Contains(have, want) {
			missing = append(missing, strconv.Quote(want))
		}
	}
	return strings.Join(missing, ", ")
}
