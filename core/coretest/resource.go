package coretest

import (
	"net/http"
	"slices"
	"strings"
)

// Protect adds a resource of MobileFirst itself, such as an adapter's, that wants the elements of scope, separated by
// spaces. Its path, which begins with a slash, is below [Server.BaseURL]:
//
//	srv.Protect("/adapters/shop/orders", "orders.read orders.write")
//
// Every method is answered: 200 and the token's client_id if the token has all elements, and otherwise the challenge that
// tells which scope to get. That names RegisteredClient first, as MobileFirst does; a token need not have it. Protecting a
// path again replaces its scope. It panics if path does not begin with a slash.
func (s *Server) Protect(path, scope string) {
	if !strings.HasPrefix(path, "/") {
		panic("coretest: Protect: path does not begin with a slash")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources[apiPath+path] = strings.Fields(scope)
}

// serveResource answers for a path that was protected.
func (s *Server) serveResource(w http.ResponseWriter, r *http.Request) {
	g, ok := s.bearer(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	want := s.resources[r.URL.Path]
	s.mu.Unlock()
	if !g.covers(want) {
		listed := slices.DeleteFunc(slices.Clone(want), func(e string) bool { return e == scopeRegistered })
		writeInsufficient(w, http.StatusForbidden, slices.Insert(listed, 0, scopeRegistered))
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"client_id": g.ClientID})
}

// bearer finds the live token that a call came with, and answers if there is none.
func (s *Server) bearer(w http.ResponseWriter, r *http.Request) (*grant, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		setAuthenticate(w, "Bearer")
		writeEmpty(w, http.StatusUnauthorized)
		return nil, false
	}
	g, ok := s.liveGrant(strings.TrimSpace(token))
	if !ok {
		writeInvalidToken(w)
	}
	return g, ok
}

// covers reports whether the token has every element, compared as a whole.
func (g *grant) covers(elements []string) bool {
	granted := strings.Fields(g.Scope)
	for _, e := range elements {
		if !slices.Contains(granted, e) {
			return false
		}
	}
	return true
}

func writeInvalidToken(w http.ResponseWriter) {
	setAuthenticate(w, `Bearer error="invalid_token"`)
	writeEmpty(w, http.StatusUnauthorized)
}

func writeInsufficient(w http.ResponseWriter, status int, elements []string) {
	setAuthenticate(w, `Bearer error="insufficient_scope", scope="`+strings.Join(elements, " ")+`"`)
	writeEmpty(w, status)
}
