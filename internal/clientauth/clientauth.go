// Package clientauth puts a confidential client's id and secret on a request (RFC 6749 section 2.3.1).
package clientauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Style is how the credentials travel.
type Style string

// Styles. The two Basic styles differ when the id or the secret has a character that a form escapes.
const (
	BasicRaw Style = "basic-raw" // Authorization: Basic base64(id:secret), as IBM's clients send it
	Basic    Style = "basic"     // Authorization: Basic base64(form(id):form(secret)), as RFC 6749 says
	Post     Style = "post"      // client_id and client_secret in the form
)

// Client is a confidential client.
type Client struct {
	ID     string
	Style  Style
	Secret func(context.Context) (string, error) // called for each request, so that a rotated secret is seen
}

// CheckID says why id cannot be a client id in this style. The text completes "ClientID …".
func (s Style) CheckID(id string) error {
	switch s {
	case BasicRaw, Basic, Post:
	default:
		return fmt.Errorf("has the unknown style %q, want %q, %q or %q", string(s), Basic, BasicRaw, Post)
	}
	if s == BasicRaw && strings.Contains(id, ":") {
		return errors.New("contains a colon, which raw Basic credentials cannot carry: rename the client or use form-encoded Basic")
	}
	return s.check(id)
}

// CheckSecret says why secret cannot be a client secret in this style, and never repeats it.
func (s Style) CheckSecret(secret string) error { return s.check(secret) }

func (s Style) check(v string) error {
	if v == "" {
		return errors.New("is empty")
	}
	if !utf8.ValidString(v) {
		return errors.New("is not valid UTF-8")
	}
	for _, r := range v {
		if r < 0x20 || r == 0x7f {
			return errors.New("contains a control character (a line break at its end?)")
		}
		if r > 0x7e && s == BasicRaw {
			return errors.New("contains a character that is not ASCII, which MobileFirst does not accept")
		}
	}
	return nil
}

// Apply adds the credentials to a request in the one way that c.Style says.
func (c Client) Apply(ctx context.Context, h http.Header, form url.Values) error {
	secret, err := c.Secret(ctx)
	if err != nil {
		return fmt.Errorf("reading the client secret: %w", err)
	}
	if err := c.Style.CheckSecret(secret); err != nil {
		return fmt.Errorf("the client secret %w", err)
	}
	switch c.Style {
	case Post:
		form.Set("client_id", c.ID)
		form.Set("client_secret", secret)
	case Basic:
		basic(h, url.QueryEscape(c.ID), url.QueryEscape(secret))
	default:
		basic(h, c.ID, secret)
	}
	return nil
}

func basic(h http.Header, id, secret string) {
	h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
}
