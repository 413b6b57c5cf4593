package coretest

import "net/http"

// serveIntrospection answers a confidential client's question about a token.
func (s *Server) serveIntrospection(w http.ResponseWriter, r *http.Request) {
	if !isPost(w, r) || !s.mayIntrospect(w, r) {
		return
	}
	if !isForm(r) {
		writeError(w, http.StatusUnsupportedMediaType, "invalid_request")
		return
	}
	if !r.PostForm.Has("token") {
		writeError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if s.takeConflict() {
		// Written to the map, since Set would change the spelling that MobileFirst's apps look for.
		w.Header()["MFP-Conflict"] = []string{"true"}
		writeEmpty(w, http.StatusConflict)
		return
	}
	token := r.PostForm.Get("token")
	if body, ok := s.scriptedAnswer(token); ok {
		write(w, http.StatusOK, "application/json", []byte(body))
		return
	}
	g, ok := s.liveGrant(MobileFirst8, token)
	switch {
	case !ok:
		writeJSON(w, http.StatusOK, inactive{})
	case g.Confidential:
		writeJSON(w, http.StatusOK, g.confidentialAnswer(s.currentVariants()))
	default:
		writeJSON(w, http.StatusOK, g.mobileAnswer())
	}
}

// mayIntrospect checks the caller's own token. It answers the call if that token is not sufficient.
func (s *Server) mayIntrospect(w http.ResponseWriter, r *http.Request) bool {
	g, ok := s.bearer(w, r)
	switch {
	case !ok:
		return false
	case !g.Confidential:
		writeInvalidToken(w)
		return false
	case !g.covers([]string{scopeIntrospect}):
		writeInsufficient(w, http.StatusForbidden, []string{scopeIntrospect})
		return false
	}
	return true
}

// Conflict makes the next n introspections with a sufficient token answer 409 with MFP-Conflict:
// true and no body. This is how MobileFirst reports that the state of the app's client has changed
// meanwhile, and that the app should repeat its request. A second call replaces n; zero ends it.
func (s *Server) Conflict(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conflict = n
}

func (s *Server) takeConflict() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conflict <= 0 {
		return false
	}
	s.conflict--
	return true
}

// SetAnswer sets the body of the 200 answer to introspections of token, if the caller's own token
// is sufficient. The token may be any string, and the body need not be JSON. [Server.Revoke]
// removes the answer.
func (s *Server) SetAnswer(token, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[token] = body
}

func (s *Server) scriptedAnswer(token string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := s.answers[token]
	return body, ok
}
