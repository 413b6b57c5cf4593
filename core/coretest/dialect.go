package coretest

import "fmt"

// Dialect is a kind of authorization server. A [Server] speaks all of them, each at its own paths,
// until [Server.Only] limits it to one. The zero value means the dialect of Only, or else
// [MobileFirst8].
type Dialect int

// The dialects of a [Server].
const (
	// MobileFirst8 is IBM MobileFirst Foundation 8.0, below [Server.BaseURL].
	MobileFirst8 Dialect = iota + 1
	// MobileFirst7 is IBM MobileFirst Platform 7.0 and 7.1, below [Server.ProjectURL].
	MobileFirst7
	// Curity is the Curity Identity Server, below /oauth/v2.
	Curity
	// RFC7662 is a plain OAuth server, below /oauth2.
	RFC7662
)

// String returns the name of the dialect in lower case, as the environment of a service has it.
func (d Dialect) String() string {
	switch d {
	case MobileFirst8:
		return "mobilefirst8"
	case MobileFirst7:
		return "mobilefirst7"
	case Curity:
		return "curity"
	case RFC7662:
		return "rfc7662"
	default:
		return fmt.Sprintf("Dialect(%d)", int(d))
	}
}

// Only limits the server to one dialect: from now on the endpoints of the others answer 404, as
// those of a real server do. The dialect is also that of [Grant.Dialect] if that is zero. Only(0)
// ends the limit.
func (s *Server) Only(d Dialect) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.only = d
}

// speaks reports whether the dialect has endpoints. The caller holds mu.
func (s *Server) speaks(d Dialect) bool { return s.only == 0 || s.only == d }

// dialect returns what a zero Dialect means.
func (s *Server) dialect(d Dialect) Dialect {
	if d != 0 {
		return d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.only != 0 {
		return s.only
	}
	return MobileFirst8
}

// Issuer returns what the tokens of a dialect have as "iss". For [RFC7662] and [Curity] it is the
// address where discovery starts.
func (s *Server) Issuer(d Dialect) string {
	switch s.dialect(d) {
	case MobileFirst7:
		return s.ProjectURL() + "/authorization/v1"
	case Curity:
		return s.URL + curityIssuer
	case RFC7662:
		return s.URL
	default:
		return "com.ibm.mfp"
	}
}

// EndpointURL returns the address of an endpoint of a dialect. It panics if the dialect has no such
// endpoint, or none with a fixed path.
func (s *Server) EndpointURL(d Dialect, e Endpoint) string {
	d = s.dialect(d)
	for _, r := range routes() {
		if r.dialect == d && r.endpoint == e {
			return s.URL + r.path
		}
	}
	panic(fmt.Sprintf("coretest: EndpointURL: %v has no endpoint %v", d, e))
}
