package tokensource

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// The rules of repeating a request.
const (
	maxConflicts   = 4                      // repetitions after a MobileFirst conflict
	firstConflict  = 100 * time.Millisecond // before the first of them; doubles
	maxDrain       = 64 << 10               // read of an answer that is thrown away, to keep its connection,
	drainTime      = 100 * time.Millisecond // within this
	maxRemembered  = 1024                   // paths of which the scope is remembered
	registered     = "RegisteredClient"     // the element that MobileFirst adds to what it asks for
	conflictHeader = "Mfp-Conflict"         // canonical form of MFP-Conflict
)

// Transport is an http.RoundTripper that puts the token of a Source on requests. Make one with Source.Transport.
type Transport struct {
	// AllowScope says whether the program wants a token with a further scope element when a resource asks for it with
	// insufficient_scope. It is called with one element at a time, by several goroutines at once. Nil allows none.
	// RegisteredClient, which MobileFirst always lists, is not asked about. If it panics, which is logged once, the element is
	// not allowed. Set it before the first request.
	AllowScope func(element string) bool

	source *Source
	base   http.RoundTripper
	idle   endpoint.Idle // base's connections
	allow  contain.Hook  // AllowScope
	err    error         // a mistake in the arguments, for each request

	mu      sync.Mutex
	origins map[string]bool   // where the token may go; nil until the first request
	scopes  map[string]string // by origin and path: what was asked for there beyond the Source's own scope
}

// Transport returns a RoundTripper for calls to protected APIs, over base. Nil means a transport like that of NewTransport(""),
// one for the whole program, which finds out within seconds that a peer is gone; it is not http.DefaultTransport.
//
//	client := &http.Client{Transport: src.Transport(nil)}
//
// The token goes to the given origins, such as "https://api.example.com", or, when none is given, to the origin of the
// first request. All other requests, those that follow a redirect elsewhere included, are sent as they are, and so is a
// request that has an Authorization field already. An origin is https, or http on loopback; see Config.InsecureHTTP. Hosts
// are compared as ASCII, and one that is not ASCII is nobody's origin: write it in punycode.
//
// A request is repeated only if its body can be had again (http.NewRequest sees to that for the usual readers), and only after
// answers that say that nothing was done: once with a new token after a 401 that refuses the token; once with a token for
// more scope after insufficient_scope, if AllowScope agrees, and from then on that path gets this token at once; and a few
// times after MobileFirst's 409 with MFP-Conflict. When the new token cannot be had, the caller gets the answer that there was.
//
// After a call without an answer, base's idle connections are closed if it has a method CloseIdleConnections, once a second
// at most, because those that died together look alive one by one. The request is not repeated then: it may have been done.
//
// An error of RoundTrip that is an *EndpointError means that the request was not sent, because there was no token for it.
func (s *Source) Transport(base http.RoundTripper, origins ...string) *Transport {
	if base == nil {
		base = shared()
	}
	t := &Transport{
		source: s, base: base, idle: endpoint.Idle{Transport: base},
		allow: contain.Hook{Name: "Transport.AllowScope", Log: s.log}, scopes: map[string]string{},
	}
	if err := endpoint.CheckTransport(base); err != nil {
		t.err = fmt.Errorf("tokensource: the base of Transport %w", err)
	}
	for _, raw := range origins {
		u, err := endpoint.CheckURL(raw, s.insecure)
		if err == nil && (u.RawQuery != "" || strings.Trim(u.Path, "/") != "") {
			err = errors.New("has a path or a query, want an origin such as https://api.example.com")
		}
		if err != nil {
			t.err = fmt.Errorf("tokensource: an origin of Transport %w", err)
			return t
		}
		if t.origins == nil {
			t.origins = map[string]bool{}
		}
		t.origins[origin(u)] = true
	}
	return t
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ours, err := t.mine(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	if !ours {
		return t.send(r)
	}
	c := &call{t: t, r: r, src: t.source, path: origin(r.URL) + r.URL.EscapedPath()}
	if more := t.remembered(c.path); more != "" {
		c.src = t.source.with(more)
	}
	return c.do()
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the base.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// send is one request over base.
func (t *Transport) send(r *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(r)
	if err != nil {
		t.idle.Failed(r.Context(), err)
	}
	return res, err
}

// mine says whether r is to have the token, and binds t to the origin of its first request.
func (t *Transport) mine(r *http.Request) (bool, error) {
	if t.err != nil {
		return false, t.err
	}
	if r.URL == nil || r.URL.Host == "" {
		return false, errors.New("tokensource: the request has no host")
	}
	if len(r.Header["Authorization"]) > 0 {
		return false, nil
	}
	o := origin(r.URL)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.origins == nil {
		if o == "" {
			return false, errors.New("tokensource: the host of the first request is not ASCII: write it in ASCII (punycode, xn--...)")
		}
		if r.URL.Scheme != "https" && !t.source.insecure && !endpoint.Loopback(r.URL.Hostname()) {
			return false, errors.New("tokensource: the first request goes to http:// on another host, where the token could be read: use https, or name the origins")
		}
		t.origins = map[string]bool{o: true}
	}
	return t.origins[o], nil
}

// remembered returns the scope that path is known to want.
func (t *Transport) remembered(path string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.scopes[path]
}

// remember notes the scope that path wants; "" forgets it.
func (t *Transport) remember(path, scope string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if scope == "" {
		delete(t.scopes, path)
		return
	}
	if len(t.scopes) >= maxRemembered {
		clear(t.scopes) // what is still in use is learnt again, with one refused request each
	}
	t.scopes[path] = scope
}

// origin is scheme, host and port, in one spelling, or "" if the host is not ASCII: what Unicode folds to a host of ours is
// another one to the resolver. For the same reason only ASCII letters are folded, and a zone, which names an interface, is not.
func origin(u *url.URL) string {
	scheme, host, port := lower(u.Scheme), u.Hostname(), u.Port()
	for i := range len(host) {
		if host[i] >= 0x80 {
			return ""
		}
	}
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	name, zone, zoned := strings.Cut(host, "%")
	if host = lower(name); zoned {
		host += "%" + zone
	}
	return scheme + "://" + host + ":" + port
}

// lower folds the letters of ASCII, and no others.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// with returns the Source for s's own scope and more.
func (s *Source) with(more string) *Source { return s.Scoped(s.scope + " " + more) }
