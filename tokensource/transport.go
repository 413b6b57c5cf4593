package tokensource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/internal/formpost"
)

// The rules of repeating a request.
const (
	maxConflicts   = 4                      // repetitions after a MobileFirst conflict
	firstConflict  = 100 * time.Millisecond // before the first of them; doubles
	maxDrain       = 64 << 10               // read of an answer that is thrown away, to keep its connection
	maxRemembered  = 1024                   // paths of which the scope is remembered
	registered     = "RegisteredClient"     // the element that MobileFirst adds to what it asks for
	conflictHeader = "Mfp-Conflict"         // canonical form of MFP-Conflict
)

// Transport is an http.RoundTripper that puts the token of a Source on requests. Make one with Source.Transport.
type Transport struct {
	// AllowScope says whether the program wants a token with a further scope element when a resource asks for it with
	// insufficient_scope. It is called with one element at a time, by several goroutines at once. Nil allows none.
	// RegisteredClient, which MobileFirst always lists, is not asked about. Set it before the first request.
	AllowScope func(element string) bool

	source *Source
	base   http.RoundTripper
	err    error // a mistake in the arguments, for each request

	mu      sync.Mutex
	origins map[string]bool   // where the token may go; nil until the first request
	scopes  map[string]string // by origin and path: what was asked for there beyond the Source's own scope
}

// Transport returns a RoundTripper for calls to protected APIs, over base; nil means http.DefaultTransport.
//
//	client := &http.Client{Transport: src.Transport(nil)}
//
// The token goes to the given origins, such as "https://api.example.com", or, when none is given, to the origin of the
// first request. All other requests, those that follow a redirect elsewhere included, are sent as they are, and so is a
// request that has an Authorization field already. An origin is https, or http on loopback; see Config.InsecureHTTP.
//
// A request is repeated only if its body can be had again (http.NewRequest sees to that for the usual readers), and only after
// answers that say that nothing was done: once with a new token after a 401 that refuses the token; once with a token for
// more scope after insufficient_scope, if AllowScope agrees, and from then on that path gets this token at once; and a few
// times after MobileFirst's 409 with MFP-Conflict. When the new token cannot be had, the caller gets the answer that there was.
//
// An error of RoundTrip that is an *EndpointError means that the request was not sent for want of a token.
func (s *Source) Transport(base http.RoundTripper, origins ...string) *Transport {
	t := &Transport{source: s, base: base, scopes: map[string]string{}}
	if err := formpost.CheckTransport(base); err != nil {
		t.err = fmt.Errorf("tokensource: the base of Transport %w", err)
	}
	for _, raw := range origins {
		u, err := formpost.CheckURL(raw, s.insecure)
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
		return t.next().RoundTrip(r)
	}
	c := &call{t: t, r: r, src: t.source, path: origin(r.URL) + r.URL.EscapedPath()}
	if more := t.remembered(c.path); more != "" {
		c.src = t.source.with(more)
	}
	return c.do()
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the base.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.next().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) next() http.RoundTripper {
	if t.base == nil {
		return http.DefaultTransport
	}
	return t.base
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
		if r.URL.Scheme != "https" && !t.source.insecure && !formpost.Loopback(r.URL.Hostname()) {
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

func (t *Transport) remember(path, scope string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.scopes) >= maxRemembered {
		clear(t.scopes) // what is still in use is learnt again, with one refused request each
	}
	t.scopes[path] = scope
}

// origin is scheme, host and port, in one spelling.
func origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// with returns the Source for s's own scope and more.
func (s *Source) with(more string) *Source { return s.Scoped(s.scope + " " + more) }

// call is one request with its repetitions.
type call struct {
	t         *Transport
	r         *http.Request
	src       *Source // whose token it carries
	path      string
	asked     string // the further scope that was asked for, "" before
	renewed   bool   // the token was
	conflicts int
}

func (c *call) do() (*http.Response, error) {
	token, err := c.src.Token(c.r.Context())
	if err != nil {
		closeBody(c.r)
		return nil, err
	}
	body := c.r.Body
	for {
		r := c.r.Clone(c.r.Context())
		r.Body = body
		r.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
		res, err := c.t.next().RoundTrip(r)
		if err != nil {
			return nil, err
		}
		res.Request = c.r // without the token, for whoever prints it
		again, ok := c.judge(res, token)
		if !ok || !c.rewind(&body) {
			return res, nil
		}
		discard(res)
		token = again
	}
}

// judge says whether the request is to be repeated, and with which token.
func (c *call) judge(res *http.Response, used Token) (again Token, ok bool) {
	if res.StatusCode == http.StatusConflict && len(res.Header[conflictHeader]) > 0 {
		return used, c.rewindable() && c.pause()
	}
	if res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusForbidden {
		if c.asked != "" {
			c.t.remember(c.path, c.asked)
		}
		return Token{}, false
	}
	ch, ok := bearerChallenge(res.Header["Www-Authenticate"])
	if !ok {
		return Token{}, false
	}
	switch e := ch.params["error"]; {
	case e == "insufficient_scope":
		return c.stepUp(ch.params["scope"])
	case res.StatusCode == http.StatusUnauthorized && (e == "" || e == "invalid_token"):
		return c.renew(used)
	}
	return Token{}, false
}

// renew forgets the refused token, and gets another one the first time.
func (c *call) renew(used Token) (Token, bool) {
	c.src.Invalidate(used)
	if c.renewed || !c.rewindable() {
		return Token{}, false
	}
	c.renewed = true
	c.log("token refused by the resource, repeating with a new one")
	token, err := c.src.Token(c.r.Context())
	return token, err == nil && token.AccessToken != used.AccessToken
}

// stepUp gets a token for more scope the first time that the resource asks for some that the program allows.
func (c *call) stepUp(scope string) (Token, bool) {
	if c.asked != "" || !c.rewindable() {
		return Token{}, false
	}
	more, ok := c.t.allowed(c.src.scope, scope)
	if !ok {
		return Token{}, false
	}
	for _, wanted := range more {
		src := c.src.with(wanted)
		if src == c.src {
			continue
		}
		token, err := src.Token(c.r.Context())
		if err == nil {
			c.src, c.asked = src, strings.Join(scopeSet(c.t.remembered(c.path)+" "+wanted), " ")
			c.log("scope missing at the resource, repeating with more", slog.String("scope", src.scope))
			return token, true
		}
		if !errors.Is(err, ErrInvalidScope) {
			return Token{}, false
		}
	}
	return Token{}, false
}

// allowed returns what to ask for, best first, when a resource wants the elements of scope and the token has those of have.
// It is not ok when an element is not allowed.
func (t *Transport) allowed(have, scope string) (more []string, ok bool) {
	if t.AllowScope == nil || CheckScope(scope) != nil {
		return nil, false
	}
	var elements []string
	withRegistered := false
	for _, e := range scopeSet(scope) {
		switch {
		case lacking(have, e) == "" && have != "":
		case e == registered:
			withRegistered = true
		case !t.AllowScope(e):
			return nil, false
		default:
			elements = append(elements, e)
		}
	}
	plain := strings.Join(elements, " ")
	if withRegistered {
		more = append(more, strings.TrimSpace(registered+" "+plain))
	}
	if plain != "" {
		more = append(more, plain)
	}
	return more, len(more) > 0
}

// pause waits before a repetition after a conflict, longer each time.
func (c *call) pause() bool {
	if c.conflicts == maxConflicts {
		return false
	}
	wait := firstConflict << c.conflicts
	c.conflicts++
	timer := time.NewTimer(wait/2 + rand.N(wait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.r.Context().Done():
		return false
	}
}

func (c *call) rewindable() bool {
	return c.r.Body == nil || c.r.Body == http.NoBody || c.r.GetBody != nil
}

// rewind replaces a body that was sent by a fresh copy.
func (c *call) rewind(body *io.ReadCloser) bool {
	if c.r.Body == nil || c.r.Body == http.NoBody {
		return true
	}
	fresh, err := c.r.GetBody()
	if err != nil {
		return false
	}
	*body = fresh
	return true
}

func (c *call) log(message string, attrs ...slog.Attr) {
	ctx := context.WithoutCancel(c.r.Context())
	c.src.log.LogAttrs(ctx, slog.LevelDebug, message, append(attrs, slog.String("origin", origin(c.r.URL)))...)
}

// discard reads a little of an answer that nobody wants, so that its connection can be used again.
func discard(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain)
	_ = res.Body.Close()
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
