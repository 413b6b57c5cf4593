package coretest

import (
	"crypto"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Client is a confidential client: a program with a secret, a key or a certificate, such as a
// resource server.
type Client struct {
	// ID and Secret are the credentials. They are sent by HTTP Basic, without form-encoding to
	// MobileFirst, form-encoded to Curity and RFC7662. The latter two also take them in the form, as
	// client_id and client_secret. The ID must not contain ":".
	ID, Secret string

	// AllowedScope lists the scope elements that the client may request, separated by spaces. A "*"
	// in an element stands for any number of characters, at any position. Empty allows nothing.
	AllowedScope string

	// PublicKey verifies the client's assertions (private_key_jwt): an *rsa.PublicKey, an
	// *ecdsa.PublicKey of P-256 or an ed25519.PublicKey. CertificateName is a DNS name in its
	// certificates (tls_client_auth), which [NewTLSServer] asks for. Only RFC7662 knows these ways.
	// A client of them has no Secret.
	PublicKey       crypto.PublicKey
	CertificateName string

	// NoTokens and NoIntrospection take capabilities from a client of Curity or RFC7662: to get a
	// token by client credentials, and to introspect.
	NoTokens, NoIntrospection bool
}

// predefined are the clients of a new MobileFirst installation.
var predefined = [...]Client{
	{ID: "test", Secret: "test", AllowedScope: "*"},
	{ID: "admin", Secret: "nimda", AllowedScope: "push.* mfp.admin.plugins settings.read"},
	{ID: "push", Secret: "hsup", AllowedScope: scopeIntrospect},
}

// SetClient adds a confidential client or replaces the one with that ID. If the secret changes, the
// client's tokens become invalid. SetClient panics if the ID is empty or contains ":", which HTTP
// Basic cannot carry.
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

// DeleteClient removes a confidential client and its tokens. It also removes predefined clients,
// and ignores an unknown one.
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

// authenticate returns the client of a token request. It compares the credentials without
// form-decoding, and ignores credentials in the body.
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

// matches reports whether element fits pattern. Each piece between two stars takes the leftmost
// place where it fits; that is sufficient, so there is no backtracking.
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
