package coretest

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// serveOAuthToken issues the token of a client of Curity or an RFC 7662 server.
func (s *Server) serveOAuthToken(d Dialect, w http.ResponseWriter, r *http.Request) {
	if !isPost(w, r) {
		return
	}
	if !isForm(r) {
		writeError(w, http.StatusBadRequest, "invalid_request")
		return
	}
	client, ok := s.identify(d, w, r)
	if !ok {
		return
	}
	elements := strings.Fields(r.PostForm.Get("scope"))
	switch grantType := r.PostForm.Get("grant_type"); {
	case grantType == "":
		writeError(w, http.StatusBadRequest, "invalid_request")
	case grantType != "client_credentials":
		writeError(w, http.StatusBadRequest, "unsupported_grant_type")
	case client.NoTokens:
		writeError(w, http.StatusBadRequest, "unauthorized_client")
	case !client.allows(elements):
		writeError(w, http.StatusBadRequest, "invalid_scope")
	default:
		s.writeOAuthToken(d, w, client, strings.Join(elements, " "))
	}
}

func (s *Server) writeOAuthToken(d Dialect, w http.ResponseWriter, c Client, scope string) {
	now, lifetime := s.now(), s.tokenLifetime(d)
	token := s.issueOAuth(&grant{
		Grant:  Grant{Dialect: d, ClientID: c.ID, Scope: scope, Confidential: true},
		issued: now, expires: now.Add(lifetime),
	})
	answer := map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int64(lifetime / time.Second)}
	if d == Curity {
		answer["token_type"] = "bearer"
	}
	if scope != "" {
		answer["scope"] = scope
	}
	writeJSON(w, http.StatusOK, answer)
}

// issueOAuth issues a token of Curity or an RFC 7662 server: an opaque one, or a JWT of RFC 9068.
func (s *Server) issueOAuth(g *grant) string {
	g.ClientID = cmp.Or(g.ClientID, s.defaultClient(g))
	if g.JWT {
		g.id = rand.Text()
		key := s.currentKey()
		return s.remember(key.sign(key.header("at+jwt"), s.claims(g)), g)
	}
	if g.Dialect == Curity {
		return s.remember(randomID(), g)
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand says
	return s.remember(base64.RawURLEncoding.EncodeToString(b[:]), g)
}

func (*Server) defaultClient(g *grant) string {
	if g.Confidential {
		return predefined[0].ID
	}
	return randomID()
}

// claims are what is known about a token. All times are in seconds.
func (s *Server) claims(g *grant) map[string]any {
	c := map[string]any{
		"iss": s.Issuer(g.Dialect), "sub": g.ClientID, "client_id": g.ClientID,
		"iat": g.issued.Unix(), "nbf": g.issued.Unix(), "exp": g.expires.Unix(),
	}
	if g.User != nil && !g.Confidential {
		c["sub"] = g.User.ID
	}
	for name, value := range map[string]string{"scope": g.Scope, "username": g.Username, "jti": g.id} {
		if value != "" {
			c[name] = value
		}
	}
	switch len(g.Audience) {
	case 0:
	case 1:
		c["aud"] = g.Audience[0]
	default:
		c["aud"] = g.Audience
	}
	return c
}
