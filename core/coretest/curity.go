package coretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// writePhantom answers as Curity does when a JWT was asked for: with 204 about a token that is not
// active, else with the claims in a JWT.
func (s *Server) writePhantom(w http.ResponseWriter, answer []byte) {
	var claims map[string]json.RawMessage
	if json.Unmarshal(answer, &claims) != nil || string(claims["active"]) != "true" {
		writeEmpty(w, http.StatusNoContent)
		return
	}
	delete(claims, "active")
	s.setMaxAge(w, answer)
	key := s.currentKey()
	write(w, http.StatusOK, "application/jwt", []byte(key.sign(key.header(""), claims)))
}

// setMaxAge allows to keep an answer about an active token until the token expires.
func (s *Server) setMaxAge(w http.ResponseWriter, answer []byte) {
	var a struct {
		Active  bool  `json:"active"`
		Expires int64 `json:"exp"`
	}
	if json.Unmarshal(answer, &a) == nil && a.Active && a.Expires > 0 {
		left := time.Unix(a.Expires, 0).Sub(s.now())
		w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d", max(0, int64(left/time.Second))))
	}
}
