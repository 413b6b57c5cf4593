package coretest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// Grant describes a token for [Server.Mint]. The zero value is the token of an app without a
// signed-in user: its scope is "RegisteredClient", it is valid for one hour, and its client
// and device are new.
type Grant struct {
	// ClientID is the client that the token belongs to. Empty means a new random one, and "test"
	// for a confidential client.
	ClientID string
	// Scope is the granted scope, separated by spaces. Empty means "RegisteredClient".
	Scope string
	// Lifetime is how long the token is valid. Zero means one hour. With a negative Lifetime the
	// token has already expired.
	Lifetime time.Duration
	// Username is the answer's username. Empty means User.ID, or "anonymous" if there is no user.
	Username string
	// User is the signed-in user. Nil means that no security check set one: mfp-user is null.
	User *User
	// Device is the device the app runs on. Nil means a new random one that is ACTIVE.
	Device *Device
	// Application is the app. Nil means com.example.app 1.0 on android.
	Application *Application
	// Checks is the custom data of security checks by name. Each value may be anything that
	// encoding/json can encode. Nil means none.
	Checks map[string]any
	// Confidential makes the token one of a confidential client, as the token endpoint issues it.
	// User, Device, Application and Checks are then ignored. Only such a token may call the
	// introspection endpoint.
	Confidential bool
}

// User is the user a security check signed in.
type User struct {
	ID          string
	DisplayName string
	// AuthenticatedBy is the name of the security check.
	AuthenticatedBy string
	// AuthenticatedAt goes out in milliseconds since the Unix epoch. Zero means the moment of Mint.
	AuthenticatedAt time.Time
	// Attributes is additional data: anything that encoding/json can encode. Nil means none.
	Attributes map[string]any
}

// Device is the device a mobile token was issued on.
type Device struct {
	ID       string
	Hardware string
	Platform string
	// DisplayName goes out as null if it is empty.
	DisplayName string
	// Status is ACTIVE, LOST, STOLEN, EXPIRED or DISABLED. Empty means ACTIVE. It only appears in
	// answers. To make tokens inactive, call [Server.DisableDevice].
	Status string
}

// Application is the app a mobile token was issued to.
type Application struct {
	ID string `json:"id"`
	// Platform is android, ios, web or windows.
	Platform string `json:"clientPlatform"`
	Version  string `json:"version"`
}

// grant is an issued token. It is not changed once it is in the map.
type grant struct {
	Grant

	expires time.Time
	mobile  mobilePart
}

// Mint issues a token for a copy of g. It panics if Checks or User.Attributes cannot be encoded as
// JSON.
func (s *Server) Mint(g Grant) string {
	issued := &grant{Grant: g}
	issued.Scope = cmp.Or(g.Scope, scopeRegistered)
	now := s.now()
	issued.expires = now.Add(cmp.Or(g.Lifetime, time.Hour))
	if g.Confidential {
		issued.ClientID = cmp.Or(g.ClientID, predefined[0].ID)
		issued.Username = cmp.Or(g.Username, anonymous)
	} else {
		issued.ClientID = cmp.Or(g.ClientID, randomID())
		issued.mobile = newMobilePart(g, now)
		issued.Username = g.Username
		if g.User != nil {
			issued.Username = cmp.Or(g.Username, g.User.ID)
		}
		issued.Username = cmp.Or(issued.Username, anonymous)
	}
	return s.issue(issued)
}

// issue makes the token of a grant and remembers it.
func (s *Server) issue(g *grant) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := newToken(s.header, g)
	s.grants[token] = g
	return token
}

// Revoke makes a token inactive at once, as a logout does. If it belongs to a confidential client,
// the endpoints refuse it from now on. Revoke also removes the answer of [Server.SetAnswer]. It
// ignores an unknown token.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.grants, token)
	delete(s.answers, token)
}

// DisableDevice makes every token of a device inactive, including those minted later. It cannot be
// undone.
func (s *Server) DisableDevice(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled[id] = true
}

// Restart restarts the server with a new signing key. It forgets every token issued so far: the
// endpoints refuse a confidential client's with 401, and an app's is inactive. Clients, scripted
// faults and answers, disabled devices, the clock and the counts stay.
func (s *Server) Restart() {
	header := newKeyHeader()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = header
	clear(s.grants)
}

// liveGrant finds a token that is valid now.
func (s *Server) liveGrant(token string) (*grant, bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.grants[token]
	if !ok || !now.Before(g.expires) {
		return nil, false
	}
	if d := g.mobile.Device; d != nil && s.disabled[d.ID] {
		return nil, false
	}
	return g, true
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
