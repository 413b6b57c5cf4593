package coretest

import (
	"net/http"
	"strings"
)

// ProtectRealms is [Server.Protect] for MobileFirst 7.x: it adds a resource below
// [Server.ProjectURL] that requires an access token with all of the realms, which are separated by
// spaces. An ID token behind it must be valid, too. It panics if path does not begin with a slash.
//
//	srv.ProtectRealms("/adapters/shop/orders", "CustomerRealm")
//
// The word Bearer must be written so.
func (s *Server) ProtectRealms(path, realms string) {
	if !strings.HasPrefix(path, "/") {
		panic("coretest: ProtectRealms: path does not begin with a slash")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources[projectPath+path] = resource{MobileFirst7, strings.Fields(realms)}
}

// serveRealms answers for a protected path of MobileFirst 7.x.
func (s *Server) serveRealms(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	want := s.resources[r.URL.Path].elements
	s.mu.Unlock()
	parts := strings.Fields(r.Header.Get("Authorization"))
	if len(parts) == 0 {
		refuseRealms(w, http.StatusUnauthorized, "", want)
		return
	}
	var access *grant
	ok := parts[0] == "Bearer" && (len(parts) == 2 || len(parts) == 3)
	if ok {
		access, ok = s.valid7(parts[1], false)
	}
	if ok && len(parts) == 3 {
		_, ok = s.valid7(parts[2], true)
	}
	switch {
	case !ok || access.anyExpired(want, s.now()):
		refuseRealms(w, http.StatusUnauthorized, "invalid_token", want)
	case !access.names(want):
		refuseRealms(w, http.StatusForbidden, "insufficient_scope", want)
	default:
		writeJSON(w, http.StatusOK, map[string]string{"client_id": access.ClientID})
	}
}

// refuseRealms answers with a challenge and the status in words.
func refuseRealms(w http.ResponseWriter, status int, code string, realms []string) {
	setAuthenticate(w, challenge7(code, realms))
	write(w, status, "text/plain; charset=utf-8", []byte(http.StatusText(status)))
}
