package coretest

import (
	"encoding/json"
	"net/http"
)

// signedAnswer is the media type of RFC 9701.
const signedAnswer = "application/token-introspection+jwt"

// writeSigned answers with a JWT for the caller (RFC 9701 section 5).
func (s *Server) writeSigned(w http.ResponseWriter, caller string, answer []byte) {
	if !json.Valid(answer) {
		write(w, http.StatusOK, "application/json", answer) // of SetAnswer
		return
	}
	key := s.currentKey()
	write(w, http.StatusOK, signedAnswer, []byte(key.sign(key.header("token-introspection+jwt"), map[string]any{
		"iss": s.Issuer(RFC7662), "aud": caller, "iat": s.now().Unix(), "token_introspection": json.RawMessage(answer),
	})))
}
