package coretest

import (
	"net/http"
	"strings"
	"time"
)

// serveToken issues the token of a confidential client.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	if !isPost(w, r) {
		return
	}
	if !isForm(r) {
		writeError(w, http.StatusUnsupportedMediaType, "invalid_request")
		return
	}
	variants := s.currentVariants()
	client, ok := s.authenticate(r)
	if !ok {
		variants.ClientError.write(w)
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
	case "":
		writeError(w, http.StatusBadRequest, "invalid_request")
		return
	default:
		writeError(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	elements := strings.Fields(r.PostForm.Get("scope"))
	switch {
	case len(elements) > 0 && !client.allows(elements):
		writeError(w, http.StatusBadRequest, "invalid_scope")
		return
	case len(elements) == 0 && variants.RequireScope:
		writeError(w, http.StatusBadRequest, "invalid_request")
		return
	case len(elements) == 0:
		elements = []string{scopeRegistered}
	}
	s.writeToken(w, client, strings.Join(elements, " "))
}

func (s *Server) writeToken(w http.ResponseWriter, c Client, scope string) {
	now, lifetime := s.now(), s.tokenLifetime(MobileFirst8)
	token := s.issue8(&grant{
		Grant:  Grant{Dialect: MobileFirst8, ClientID: c.ID, Scope: scope, Confidential: true},
		issued: now, expires: now.Add(lifetime),
	})
	writeJSON(w, http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
		Scope       string `json:"scope"`
	}{token, "Bearer", int64(lifetime / time.Second), scope})
}

// write refuses a client.
func (e ClientError) write(w http.ResponseWriter) {
	switch e {
	case UnauthorizedBasic:
		setAuthenticate(w, "Basic")
		writeError(w, http.StatusUnauthorized, "invalid_client")
	case Unauthorized:
		writeError(w, http.StatusUnauthorized, "invalid_client")
	case InvalidClientID:
		writeJSON(w, http.StatusBadRequest, map[string]string{
			"errorCode": "INVALID_CLIENT_ID", "errorMsg": "The client is not known to this server.",
		})
	case EmptyBody:
		writeEmpty(w, http.StatusBadRequest)
	default:
		writeError(w, http.StatusBadRequest, "invalid_client")
	}
}
