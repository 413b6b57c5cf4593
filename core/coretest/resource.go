package coretest

import (
	"net/http"
	"slices"
	"strings"
)

// Protect adds a resource of MobileFirst, such as an adapter's, that requires the elements of
// scope, which are separated by spaces. The path begins with a slash and is below [Server.BaseURL]:
//
//	srv.Protect("/adapters/shop/orders", "orders.read orders.write")
//
// The resource answers every method. If the token has all elements, it answers 200 with the token's
// client_id. Otherwise it answers with a challenge that names the required scope. Like MobileFirst
// it names RegisteredClient first, though it does not require that element. A second call for a
// path replaces its scope. Protect panics if path does not begin with a slash.
func (s *Server) Protect(path, scope string) {
	if !strings.HasPrefix(path, "/") {
		panic("coretest: Protect: path does not begin with a slash")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources[apiPath+path] = resource{MobileFirst8, strings.Fields(scope)}
}

// resource is what a protected path requires.
type resource struct {
	dialect  Dialect
	elements []string
}

// serveResource answers for a protected path.
func (s *Server) serveResource(w http.ResponseWriter, r *http.Request) {
	g, ok := s.bearer(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	want := s.resources[r.URL.Path].elements
	s.mu.Unlock()
	if !g.covers(want) {
		listed := slices.DeleteFunc(slices.Clone(want), func(e string) bool { return e == scopeRegistered })
		writeInsufficient(w, http.StatusForbidden, slices.Insert(listed, 0, scopeRegistered))
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"client_id": g.ClientID})
}

// bearer returns the grant of the caller's token. It answers the call if there is no valid token.
func (s *Server) bearer(w http.ResponseWriter, r *http.Request) (*grant, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		setAuthenticate(w, "Bearer")
		writeEmpty(w, http.StatusUnauthorized)
		return nil, false
	}
	g, ok := s.liveGrant(MobileFirst8, strings.TrimSpace(token))
	if !ok {
		writeInvalidToken(w)
	}
	return g, ok
}

// covers reports whether the token has every element. Elements are compared as a whole.
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
