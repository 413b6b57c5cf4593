package coretest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Endpoint is an endpoint of a [Server]. The zero value is [Token].
type Endpoint int

// The endpoints of a [Server], whichever dialect it is asked in. Later versions may add more before
// Other.
const (
	// Token is where a program gets its own token. MobileFirst 7.x has none but that of
	// Variants.TestTokens7.
	Token Endpoint = iota
	// Introspection is where a resource server asks about a token, by introspection or by the
	// online validation of MobileFirst 7.x.
	Introspection
	// Resource is every path that [Server.Protect] or [Server.ProtectRealms] was called for.
	Resource
	// Push is POST /imfpush/v1/apps/{id}/messages, where a program sends a message to users of an
	// app.
	Push
	// Keys is where the public keys of the signatures are. MobileFirst 8.0 has no such endpoint.
	Keys
	// Metadata is where discovery finds the other addresses. MobileFirst has no such endpoint.
	Metadata
	// Other is every other path. The server answers 404 with an HTML page.
	Other

	endpoints // how many there are
)

// String returns the lower-case name of the endpoint.
func (e Endpoint) String() string {
	switch e {
	case Token:
		return "token"
	case Introspection:
		return "introspection"
	case Resource:
		return "resource"
	case Push:
		return "push"
	case Keys:
		return "keys"
	case Metadata:
		return "metadata"
	case Other:
		return "other"
	default:
		return fmt.Sprintf("Endpoint(%d)", int(e))
	}
}

// Calls counts the calls of each endpoint, regardless of their answers. A call counts when its body
// has arrived, before it is answered.
type Calls struct {
	Token         int
	Introspection int
	Resource      int
	Push          int
	Keys          int
	Metadata      int
	Other         int
}

// Request is a copy of one request as it arrived.
type Request struct {
	Method string
	Host   string
	Path   string
	Query  string      // the part of the URL after "?", still encoded
	Header http.Header // names in canonical form
	Body   string      // as sent
	Form   url.Values  // Body decoded; nil unless it is application/x-www-form-urlencoded
}

func newRequest(r *http.Request, body []byte) Request {
	form := make(url.Values, len(r.PostForm))
	for name, values := range r.PostForm {
		form[name] = slices.Clone(values)
	}
	if r.PostForm == nil {
		form = nil
	}
	return Request{
		Method: r.Method,
		Host:   r.Host,
		Path:   r.URL.Path,
		Query:  r.URL.RawQuery,
		Header: r.Header.Clone(),
		Body:   string(body),
		Form:   form,
	}
}

// maxRecord is how many requests of one endpoint are kept.
const maxRecord = 1000

// record is the history of one endpoint.
type record struct {
	total, current, highest int

	ring []Request // at most maxRecord, oldest at next when full
	next int
}

func (c *record) add(r Request) {
	c.total++
	c.current++
	c.highest = max(c.highest, c.current)
	if len(c.ring) < maxRecord {
		c.ring = append(c.ring, r)
		return
	}
	c.ring[c.next] = r
	c.next = (c.next + 1) % maxRecord
}

// Calls returns the present counts.
func (s *Server) Calls() Calls {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Calls{
		Token:         s.record[Token].total,
		Introspection: s.record[Introspection].total,
		Resource:      s.record[Resource].total,
		Push:          s.record[Push].total,
		Keys:          s.record[Keys].total,
		Metadata:      s.record[Metadata].total,
		Other:         s.record[Other].total,
	}
}

// MaxConcurrent returns the highest number of calls of e that were in progress at once.
func (s *Server) MaxConcurrent(e Endpoint) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record[e].highest
}

// Requests returns the last 1000 requests to e, oldest first. The slice belongs to the caller. The
// maps in it are shared with other results and must not be changed.
func (s *Server) Requests(e Endpoint) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.record[e]
	return slices.Concat(c.ring[c.next:], c.ring[:c.next])
}
