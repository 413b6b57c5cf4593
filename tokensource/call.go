package tokensource

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

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
	if errors.Is(err, ErrInvalidScope) && c.src != c.t.source { // the client may no longer have what this path once wanted
		c.t.remember(c.path, "")
		c.src = c.t.source
		token, err = c.src.Token(c.r.Context())
	}
	if err != nil {
		closeBody(c.r)
		return nil, err
	}
	body := c.r.Body
	for {
		r := c.r.Clone(c.r.Context())
		r.Body = body
		r.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
		res, err := c.t.send(r)
		if err != nil {
			return nil, err
		}
		res.Request = c.r // without the token, for whoever prints it
		again, ok := c.judge(res, token)
		if !ok || !c.rewind(&body) {
			return res, nil
		}
		discard(r.Context(), res.Body)
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
		case !t.allows(e):
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

// allows asks the program about one element.
func (t *Transport) allows(element string) (yes bool) {
	t.allow.Call(func() { yes = t.AllowScope(element) })
	return yes
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

// discard reads a little of an answer that nobody wants, so that its connection can be used again, and closes it. It returns
// in time whatever the body does.
func discard(ctx context.Context, body io.ReadCloser) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	var closing atomic.Bool
	shut := func() {
		defer func() { _ = recover() }() // it is a body of the program's transport, on a goroutine of ours
		if !closing.Swap(true) {
			_ = body.Close()
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer shut()
		defer func() { _ = recover() }()
		_, _ = io.CopyN(io.Discard, &during{ctx, body}, maxDrain)
	}()
	select {
	case <-drained:
	case <-ctx.Done():
		go shut()
	}
}

// during reads until its context is over.
type during struct {
	ctx context.Context
	io.Reader
}

func (d *during) Read(p []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	return d.Reader.Read(p)
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
