package coretest

import "net/http"

// ProjectURL returns the base URL of the project of MobileFirst 7.x: URL followed by "/mfp".
// Resource servers that use its online validation are configured with it.
func (s *Server) ProjectURL() string { return s.URL + projectPath }

// Validation7 is an answer of MobileFirst 7.x about a token that is not valid.
type Validation7 int

// The answers about a token that is not valid.
const (
	// InvalidToken7 is 401 {"error":"invalid_token"} with the challenge of 7.x, and the zero value.
	InvalidToken7 Validation7 = iota
	// Inactive7 is 200 {"active":false}.
	Inactive7
	// Unauthorized7 is 401 without a reason.
	Unauthorized7
)

// MintID issues an ID token of MobileFirst 7.x for a user. An app sends it behind its access
// token.
func (s *Server) MintID(user string) string {
	token := "eyJhbGciOiJSUzI1NiJ9." + randomID() + "." + randomID()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idTokens[token] = user
	return token
}

// serveValidation answers a question about an access token, and the ID token beside it.
// MobileFirst 7.x asks the caller for no credentials.
func (s *Server) serveValidation(w http.ResponseWriter, r *http.Request) {
	if !isPost(w, r) {
		return
	}
	token := r.PostForm.Get("token")
	if token == "" {
		writeError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if body, ok := s.scriptedAnswer(token); ok {
		write(w, http.StatusOK, "application/json", []byte(body))
		return
	}
	g, ok := s.liveGrant(token)
	user, context := "", map[string]any{}
	if r.PostForm.Has("id_token") {
		var known bool
		user, known = s.userOf(r.PostForm.Get("id_token"))
		ok = ok && known
		context["imf.user"] = map[string]any{"id": user, "authBy": "userRealm"}
	}
	if !ok {
		s.refuse7(w)
		return
	}
	if user == "" {
		user = g.ClientID // "prn" of the access token
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"active": true, "exp": g.expires.Unix(), "scope": g.Scope, "user_id": user, "security_context": context,
	})
}

func (s *Server) userOf(idToken string) (user string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok = s.idTokens[idToken]
	return user, ok
}

func (s *Server) refuse7(w http.ResponseWriter) {
	switch s.currentVariants().Validation7 {
	case Inactive7:
		writeJSON(w, http.StatusOK, inactive{})
	case Unauthorized7:
		writeEmpty(w, http.StatusUnauthorized)
	default:
		w.Header().Set("WWW-Authenticate", `Bearer realm="imfAuthentication", error="invalid_token"`)
		writeError(w, http.StatusUnauthorized, "invalid_token")
	}
}
