package coretest

import (
	"mime"
	"net/http"
	"strings"
)

// serveOAuthIntrospection answers a question to Curity or an RFC 7662 server.
func (s *Server) serveOAuthIntrospection(d Dialect, w http.ResponseWriter, r *http.Request) {
	if !isPost(w, r) {
		return
	}
	if !isForm(r) {
		writeError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	caller, ok := s.mayAsk(d, w, r)
	if !ok {
		return
	}
	token, variants := r.PostForm.Get("token"), s.currentVariants()
	if token == "" {
		writeError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if variants.UnsupportedJWT && strings.Count(token, ".") == 2 {
		writeError(w, http.StatusBadRequest, "unsupported_token_type")
		return
	}
	answer := s.oauthAnswer(d, token)
	switch {
	case d == Curity && wants(r, "application/jwt") && !variants.JSONOnly:
		s.writePhantom(w, answer)
	case d == RFC7662 && wants(r, signedAnswer) && !variants.JSONOnly:
		s.writeSigned(w, caller, answer)
	default:
		if d == Curity {
			s.setMaxAge(w, answer)
		}
		write(w, http.StatusOK, "application/json", answer)
	}
}

// mayAsk returns the id of the caller. It answers the call if that may not introspect.
func (s *Server) mayAsk(d Dialect, w http.ResponseWriter, r *http.Request) (caller string, ok bool) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); d == RFC7662 && strings.EqualFold(scheme, "Bearer") {
		g, ok := s.liveGrant(d, token)
		if !ok || !g.Confidential {
			writeInvalidToken(w)
			return "", false
		}
		return g.ClientID, true
	}
	c, ok := s.identify(d, w, r)
	if ok && c.NoIntrospection {
		status := http.StatusForbidden
		if s.currentVariants().NoIntrospection401 {
			status = http.StatusUnauthorized
		}
		writeError(w, status, "unauthorized_client")
		return "", false
	}
	return c.ID, ok
}

// oauthAnswer is the JSON about a token: that of SetAnswer, or what its grant says.
func (s *Server) oauthAnswer(d Dialect, token string) []byte {
	if body, ok := s.scriptedAnswer(token); ok {
		return []byte(body)
	}
	g, ok := s.liveGrant(d, token)
	if !ok {
		return mustJSON("answer", inactive{})
	}
	answer := s.claims(g)
	answer["active"] = true
	if d == RFC7662 {
		answer["token_type"] = "Bearer"
	}
	return mustJSON("answer", answer)
}

// wants reports whether a media type is the first of those that the caller accepts.
func wants(r *http.Request, mediaType string) bool {
	first, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	t, _, err := mime.ParseMediaType(first)
	return err == nil && t == mediaType
}
