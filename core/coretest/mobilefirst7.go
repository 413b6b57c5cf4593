package coretest

import (
	"net/http"
	"strings"
)

// ProjectURL returns the base URL of the project of MobileFirst 7.x: URL followed by "/mfp".
// Resource servers that use its online validation are configured with it.
func (s *Server) ProjectURL() string { return s.URL + projectPath }

// Validation7 is an answer of MobileFirst 7.x about a token that is not valid.
type Validation7 int

// The answers about a token that is not valid.
const (
	// InvalidToken7 is 401 {"error":"invalid_token"} with the challenge of 7.x, and the zero value.
	InvalidToken7 Validation7 = iota
	// Inactive7 is 200 {"active":false}. It is also the answer about a token that lacks a required
	// realm; the others answer 403 insufficient_scope about that.
	Inactive7
	// Unauthorized7 is 401 without a reason.
	Unauthorized7
)

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
	access, ok := s.valid7(token, false)
	var id *grant
	if ok && r.PostForm.Has("id_token") {
		id, ok = s.valid7(r.PostForm.Get("id_token"), true)
	}
	required := strings.Fields(r.PostForm.Get("required_scope"))
	switch {
	case !ok || access.anyExpired(required, s.now()):
		s.refuse7(w)
	case !access.names(required):
		s.lacks7(w, required)
	default:
		writeJSON(w, http.StatusOK, s.answer7(access, id))
	}
}

// valid7 finds an access token, or an ID token, that is valid now.
func (s *Server) valid7(token string, id bool) (*grant, bool) {
	g, ok := s.liveGrant(MobileFirst7, token)
	if !ok || g.IDToken != id || g.key != s.currentKey() {
		return nil, false
	}
	return g, !g.anyExpired(g.mandatory(), s.now())
}

// answer7 is the answer about a valid token. The ID token is nil if there is none: then the
// security context has the client of the access token, and no user.
func (s *Server) answer7(access, id *grant) map[string]any {
	none := map[string]any{}
	user, context := access.ClientID, map[string]any{"imf.user": none, "imf.device": none, "imf.application": none}
	if id != nil {
		user, context = id.User.ID, id.identity7()
	}
	context["imf.sub"] = user
	expires := access.expires.Unix()
	if s.currentVariants().Milliseconds7 {
		expires = access.expires.UnixMilli()
	}
	return map[string]any{
		"active": true, "exp": expires, "scope": access.scope7(s.now()), "user_id": user, "security_context": context,
	}
}

func (s *Server) refuse7(w http.ResponseWriter) {
	switch s.currentVariants().Validation7 {
	case Inactive7:
		writeJSON(w, http.StatusOK, inactive{})
	case Unauthorized7:
		writeEmpty(w, http.StatusUnauthorized)
	default:
		setAuthenticate(w, challenge7("invalid_token", nil))
		writeError(w, http.StatusUnauthorized, "invalid_token")
	}
}

// lacks7 answers that the token has not all required realms.
func (s *Server) lacks7(w http.ResponseWriter, required []string) {
	if s.currentVariants().Validation7 == Inactive7 {
		writeJSON(w, http.StatusOK, inactive{})
		return
	}
	setAuthenticate(w, challenge7("insufficient_scope", required))
	writeError(w, http.StatusForbidden, "insufficient_scope")
}

// descriptions7 are our own words. What MobileFirst 7.x writes differs.
var descriptions7 = map[string]string{
	"invalid_token":      "The token is not valid.",
	"insufficient_scope": "The token lacks a required realm.",
}

// challenge7 is the challenge of MobileFirst 7.x, with an error and a scope where there are any.
func challenge7(code string, realms []string) string {
	c := `Bearer realm="imfAuthentication"`
	if code != "" {
		c += `, error="` + code + `", error_description="` + descriptions7[code] + `"`
	}
	if len(realms) > 0 {
		c += `, scope="` + strings.Join(realms, " ") + `"`
	}
	return c
}

// servePublicKey answers with the key that verifies tokens now, as a JWK.
func (s *Server) servePublicKey(w http.ResponseWriter, r *http.Request) {
	if !isGet(w, r) {
		return
	}
	k := s.currentKey()
	writeJSON(w, http.StatusOK, map[string]string{"e": k.exponent(), "n": k.modulus7(), "kty": "RSA"})
}
