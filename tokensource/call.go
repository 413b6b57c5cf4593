package tokensource

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
)

// call is one request of a Transport with its repetitions.
type call struct {
	t          *Transport
	r          *http.Request
	src        *Source // of the token to send
	path       string
	extraScope string // that a step-up has got, "" before
	renewed    bool   // the token was refused and renewed
	conflicts  int
}

func (c *call) do() (*http.Response, error) {
	token, err := c.src.Token(c.r.Context())
	if errors.Is(err, ErrInvalidScope) && c.src != c.t.source { // the client may have lost the scope that was remembered
		c.t.setPathScope(c.path, "")
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
		r.Trailer = c.r.Trailer // no copy: the program fills it while the body is read
		r.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
		res, err := c.t.send(r)
		if err != nil {
			return nil, err
		}
		res.Request = c.r // without the token, in case the program prints it
		again, ok := c.classify(res, token)
		if !ok || !c.rewind(&body) {
			return res, nil
		}
		discard(r.Context(), res.Body)
		token = again
	}
}

// classify reports whether the request is to be repeated after res, and with which token.
func (c *call) classify(res *http.Response, used Token) (again Token, ok bool) {
	if isConflict(res) {
		return used, c.rewindable() && c.waitConflict()
	}
	if res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusForbidden {
		if c.extraScope != "" {
			c.t.setPathScope(c.path, c.extraScope)
		}
		return Token{}, false
	}
	ch, ok := bearerChallenge(res.Header["Www-Authenticate"])
	if !ok {
		if res.StatusCode == http.StatusUnauthorized { // perhaps of a proxy, or after the work was done
			c.src.Invalidate(used)
		}
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

// renew invalidates the refused token and, the first time, gets another one.
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

// rewindable reports whether the request's body can be sent again. A body with trailers cannot: two
// attempts would write them into one map.
func (c *call) rewindable() bool {
	if len(c.r.Trailer) > 0 {
		return false
	}
	return c.r.Body == nil || c.r.Body == http.NoBody || c.r.GetBody != nil
}

// rewind replaces a body that was sent by a new copy.
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

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
