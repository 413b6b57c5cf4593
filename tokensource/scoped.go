package tokensource

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Scoped returns the Source of the same client for other scope elements, a space-separated list. The same elements in any
// order give the same Source (of a thousand sets, more start anew), so call it where the token is wanted. The Sources of one client share its connections and its
// secret, and each has a token, a fetch and a backoff of its own. A scope that cannot be one gives a Source that answers
// why. A Source made by Func or Static has one token for all scopes and returns itself.
func (s *Source) Scoped(scope string) *Source {
	if s.family == nil {
		return s
	}
	if err := CheckScope(scope); err != nil {
		return Func(func(context.Context) (Token, error) { return Token{}, fmt.Errorf("tokensource: the scope %w", err) })
	}
	return s.family.member(scope)
}

// family is the Sources of one client by what they ask for.
type family struct {
	create func(scope string) *Source

	mu      sync.Mutex
	sources map[string]*Source // by scopeSet
}

func (f *family) member(scope string) *Source {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := strings.Join(scopeSet(scope), " ")
	s, ok := f.sources[key]
	if !ok {
		if len(f.sources) >= maxRemembered { // a resource that asks for ever other scopes must not fill the memory
			clear(f.sources)
		}
		s = f.create(strings.Join(strings.Fields(scope), " "))
		f.sources[key] = s
	}
	return s
}

// scopeSet returns the elements of a scope in order, each once.
func scopeSet(scope string) []string {
	elements := strings.Fields(scope)
	slices.Sort(elements)
	return slices.Compact(elements)
}
