package tokensource

import (
	"errors"
	"log/slog"
	"strings"
)

const registeredClient = "RegisteredClient" // the element that MobileFirst adds to each scope that it asks for

// stepUp gets a token for more scope after a resource has asked for it with insufficient_scope. It
// does so once in a call, if [Transport.AllowScope] allows every missing element.
func (c *call) stepUp(scope string) (Token, bool) {
	if c.extraScope != "" || !c.rewindable() {
		return Token{}, false
	}
	more, ok := c.t.allowed(c.src.scope, scope)
	if !ok {
		return Token{}, false
	}
	for _, wanted := range more {
		src := c.src.plusScope(wanted)
		if src == c.src {
			continue
		}
		token, err := src.Token(c.r.Context())
		if err == nil && missingScope(token.Scope, strings.ReplaceAll(wanted, registeredClient, "")) != "" {
			continue // the server grants less than it was asked for
		}
		if err == nil {
			c.src, c.extraScope = src, strings.Join(scopeSet(c.t.pathScope(c.path)+" "+wanted), " ")
			c.log("scope missing at the resource, repeating with more", slog.String("scope", src.scope))
			return token, true
		}
		if !errors.Is(err, ErrInvalidScope) {
			return Token{}, false
		}
	}
	return Token{}, false
}

// allowed returns the scopes to ask for, the best first, when the token has the scope have and a
// resource asks for scope. It is not ok if an element of scope is not allowed.
func (t *Transport) allowed(have, scope string) (more []string, ok bool) {
	if t.AllowScope == nil || CheckScope(scope) != nil {
		return nil, false
	}
	var elements []string
	withRegistered := false
	for _, e := range scopeSet(scope) {
		switch {
		case missingScope(have, e) == "" && have != "":
		case e == registeredClient:
			withRegistered = true
		case !t.allows(e):
			return nil, false
		default:
			elements = append(elements, e)
		}
	}
	plain := strings.Join(elements, " ")
	if withRegistered {
		more = append(more, strings.TrimSpace(registeredClient+" "+plain))
	}
	if plain != "" {
		more = append(more, plain)
	}
	return more, len(more) > 0
}

// allows calls AllowScope for one element.
func (t *Transport) allows(element string) (yes bool) {
	t.allow.Call(func() { yes = t.AllowScope(element) })
	return yes
}

// pathScope returns the scope that requests to path need beyond the Source's own, "" if none is
// known.
func (t *Transport) pathScope(path string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.scopes[path]
}

// setPathScope remembers the scope that requests to path need; "" forgets it.
func (t *Transport) setPathScope(path, scope string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if scope == "" {
		delete(t.scopes, path)
		return
	}
	if len(t.scopes) >= maxRemembered {
		clear(t.scopes) // paths still in use are learnt again, with one refused request each
	}
	t.scopes[path] = scope
}
