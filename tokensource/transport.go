package tokensource

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// Transport is an http.RoundTripper that sends the token of a Source with requests. Make one with
// [Source.Transport]; the zero Transport returns an error for each request. It is safe for
// concurrent use.
type Transport struct {
	// AllowScope reports whether the program agrees to a token with a further scope element. It is
	// called when a resource asks for more with insufficient_scope: with one element at a time, and
	// by several goroutines at once. Nil allows none.
	//
	// It is not called for RegisteredClient, which MobileFirst adds to every scope. If it panics, the
	// element is not allowed, and the first panic is logged. Set AllowScope before the first request.
	AllowScope func(element string) bool

	source *Source
	base   http.RoundTripper
	idle   endpoint.Idle // base's connections
	allow  contain.Hook  // AllowScope

	mu      sync.Mutex
	origins map[string]bool   // where the token may go; nil until the first request
	scopes  map[string]string // by origin and path: the scope needed there beyond the Source's own
}

// Transport returns a RoundTripper for calls to protected APIs, over base. Nil means a transport
// like NewTransport(""), which all Transports of the program share. It is not
// http.DefaultTransport.
//
//	client := &http.Client{Transport: src.Transport(nil)}
//
// The token is sent to the given origins, such as "https://api.example.com". If none is given, it
// is sent to the origin of the first request. Other requests are sent without the token: those to
// another origin, also after a redirect, and those that have an Authorization field already. An
// origin is https, or http on loopback; see [Config.InsecureHTTP]. Hosts are compared as ASCII. A
// host that is not ASCII never gets the token: write it in punycode.
//
// A request is repeated only if its body can be sent again (http.NewRequest arranges that for the
// usual readers) and it has no trailers, and only after an answer that means that nothing was done:
//
//   - 401 with a Bearer challenge that refuses the token: once, with a new token;
//   - insufficient_scope: once, with a token for more scope, if AllowScope agrees. From then on
//     requests to that path have such a token at once;
//   - 409 with MFP-Conflict: up to four times, after a pause.
//
// If there is no new token, the caller gets the answer to the first attempt. After a 401 without a
// Bearer challenge the request is not repeated, but the next one has a new token.
//
// A request without an answer is not repeated, because it may have been executed. But then base's
// idle connections are closed, once a second at most, if base has a method CloseIdleConnections:
// connections that broke together look alive one by one.
//
// If RoundTrip returns an [*EndpointError], the request was not sent, because there was no token
// for it.
//
// Transport panics if its arguments are a mistake of the program: a nil or zero Source, an origin
// that is none, a base that does not verify its peer. So call it when the program starts.
func (s *Source) Transport(base http.RoundTripper, origins ...string) *Transport {
	if !s.made() {
		panic(errNotMade.Error())
	}
	if base == nil {
		base = shared()
	}
	t := &Transport{
		source: s, base: base, idle: endpoint.Idle{Transport: base},
		allow: contain.Hook{Name: "Transport.AllowScope", Log: s.log}, scopes: map[string]string{},
	}
	if err := endpoint.CheckTransport(base); err != nil {
		panic("tokensource: the base of Source.Transport " + err.Error())
	}
	for _, raw := range origins {
		u, err := endpoint.CheckURL(raw, s.insecure)
		if err == nil && (u.RawQuery != "" || strings.Trim(u.Path, "/") != "") {
			err = errors.New("has a path or a query, want an origin such as https://api.example.com")
		}
		if err != nil {
			panic(fmt.Sprintf("tokensource: the origin %s of Source.Transport %v", shown(raw), err))
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
	if t == nil || t.source == nil {
		closeBody(r)
		return nil, errors.New("tokensource: this Transport is nil or zero: make it with Source.Transport")
	}
	ours, err := t.matchesOrigin(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	if !ours {
		return t.send(r)
	}
	c := &call{t: t, r: r, src: t.source, path: origin(r.URL) + r.URL.EscapedPath()}
	if more := t.pathScope(c.path); more != "" {
		c.src = t.source.plusScope(more)
	}
	return c.do()
}

// CloseIdleConnections closes the idle connections of the base, if it has such a method.
func (t *Transport) CloseIdleConnections() {
	if t == nil {
		return
	}
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// send sends one request over base.
func (t *Transport) send(r *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(r)
	if err != nil {
		t.idle.Failed(r.Context(), err)
	}
	return res, err
}

// matchesOrigin reports whether r is to have the token. The first request sets the origin if
// Source.Transport was given none.
func (t *Transport) matchesOrigin(r *http.Request) (bool, error) {
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
