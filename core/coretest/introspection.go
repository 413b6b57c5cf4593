package coretest

import "net/http"

// serveIntrospection tells an authenticated confidential client about a token.
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
	g, ok := s.liveGrant(token)
	switch {
	case !ok:
		writeJSON(w, http.StatusOK, inactive{})
	case g.Confidential:
		writeJSON(w, http.StatusOK, g.confidentialAnswer(s.currentVariants()))
	default:
		writeJSON(w, http.StatusOK, g.mobileAnswer())
	}
}

// mayIntrospect checks the caller's own token, and answers if it does not do.
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

// Conflict makes the next n introspections by callers with a good token answer 409 with the header MFP-Conflict: true and
// no body: the state of the app's client changed meanwhile, and the app is to repeat its request. It replaces what is left
// of an earlier Conflict; zero ends it.
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

// SetAnswer scripts the body of the 200 answer to every introspection of token by a caller with a good token. The token
// need not be one of this server, and the body need not be JSON. [Server.Revoke] takes it back.
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
