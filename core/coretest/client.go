package coretest

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// Client is a confidential client: a program with a secret, such as a resource server.
type Client struct {
	// ID and Secret are what it sends by HTTP Basic, as they are. An ID holds no ":".
	ID, Secret string

	// AllowedScope is the scope elements it may request, separated by spaces. A "*" in an element stands for any
	// characters or none, at any position and several times. Empty allows nothing.
	AllowedScope string
}

// predefined are the clients of a server as it is installed.
var predefined = [...]Client{
	{ID: "test", Secret: "test", AllowedScope: "*"},
	{ID: "admin", Secret: "nimda", AllowedScope: "push.* mfp.admin.plugins settings.read"},
	{ID: "push", Secret: "hsup", AllowedScope: scopeIntrospect},
}

// SetClient adds a confidential client or replaces the one with that ID. If the secret changes, the tokens it obtained
// stop working. It panics if the ID is empty or holds a ":", which HTTP Basic cannot carry.
func (s *Server) SetClient(c Client) {
	if c.ID == "" || strings.Contains(c.ID, ":") {
		panic("coretest: SetClient: Client.ID is empty or holds a colon")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.clients[c.ID]; ok && old.Secret != c.Secret {
		s.dropTokens(c.ID)
	}
	s.clients[c.ID] = c
}

// DeleteClient removes a confidential client, predefined ones included, and the tokens it obtained. Deleting an unknown
// one does nothing.
func (s *Server) DeleteClient(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, id)
	s.dropTokens(id)
}

// dropTokens forgets the tokens of one confidential client. The caller holds mu.
func (s *Server) dropTokens(id string) {
	for token, g := range s.grants {
		if g.Confidential && g.ClientID == id {
			delete(s.grants, token)
		}
	}
}

// authenticate finds the client a token request comes from. The two halves of the credentials are compared as they came,
// not form-decoded, and credentials in the body do not count.
func (s *Server) authenticate(r *http.Request) (Client, bool) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		return Client{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	if !ok || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return Client{}, false
	}
	return c, true
}

// allows reports whether every requested element matches an allowed one.
func (c Client) allows(elements []string) bool {
	allowed := strings.Fields(c.AllowedScope)
	for _, e := range elements {
		if !matchesAny(allowed, e) {
			return false
		}
	}
	return true
}

func matchesAny(patterns []string, element string) bool {
	for _, p := range patterns {
		if matches(p, element) {
			return true
		}
	}
	return false
}

// matches reports whether element fits pattern. Taking the leftmost place for each piece between two stars is enough, so
// nothing is ever tried twice.
func matches(pattern, element string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == element
	}
	element, ok := strings.CutPrefix(element, head)
	if !ok {
		return false
	}
	for {
		piece, more, wild := strings.Cut(rest, "*")
		if !wild {
			return strings.HasSuffix(element, piece)
		}
		i := strings.Index(element, piece)
		if i < 0 {
			return false
		}
		element, rest = element[i+len(piece):], more
	}
}
