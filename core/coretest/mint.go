package coretest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// grant is an issued token. It is not changed once it is in the map. Its Dialect is never zero.
type grant struct {
	Grant

	issued  time.Time
	expires time.Time
	mobile  mobilePart
	realms  map[string]realm // of MobileFirst 7.x
	key     *signingKey      // that signed it, for MobileFirst 7.x
	id      string           // "jti" of a JWT
}

// Mint issues a token for a copy of g. It panics if Checks or User.Attributes cannot be encoded as
// JSON.
func (s *Server) Mint(g Grant) string {
	g.Dialect = s.dialect(g.Dialect)
	now := s.now()
	issued := &grant{Grant: g, issued: now, expires: now.Add(cmp.Or(g.Lifetime, time.Hour))}
	switch g.Dialect {
	case MobileFirst7:
		return s.issue7(issued)
	case Curity, RFC7662:
		return s.issueOAuth(issued)
	default:
		return s.issue8(issued)
	}
}

// issue8 issues a token of MobileFirst 8.0.
func (s *Server) issue8(g *grant) string {
	g.Scope = cmp.Or(g.Scope, scopeRegistered)
	if g.Confidential {
		g.ClientID = cmp.Or(g.ClientID, predefined[0].ID)
	} else {
		g.ClientID = cmp.Or(g.ClientID, randomID())
		g.mobile = newMobilePart(g.Grant, g.issued)
		if g.User != nil {
			g.Username = cmp.Or(g.Username, g.User.ID)
		}
	}
	g.Username = cmp.Or(g.Username, anonymous)
	s.mu.Lock()
	header := s.header
	s.mu.Unlock()
	return s.remember(newToken(header, g), g)
}

// remember makes a token valid.
func (s *Server) remember(token string, g *grant) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants[token] = g
	return token
}

// randomID is shaped like a random UUID, as the ids the server makes for apps are.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand says
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// mustJSON encodes a value a test gave.
func mustJSON(what string, v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("coretest: " + what + ": " + err.Error())
	}
	return b
}
