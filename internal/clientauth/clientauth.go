// Package clientauth authenticates a client at an endpoint of the authorization server
// (RFC 6749 section 2.3).
//
// A [Method] is applied to each attempt anew: some credentials must never be sent twice, and a
// secret may have been rotated between two attempts.
package clientauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// Method is a way to authenticate.
type Method = endpoint.Credentials

// MethodFunc is a function as a Method.
type MethodFunc func(ctx context.Context, header http.Header, form url.Values) error

// Apply calls f.
func (f MethodFunc) Apply(ctx context.Context, header http.Header, form url.Values) error {
	return f(ctx, header, form)
}

// Style is how a client's id and secret are sent (RFC 6749 section 2.3.1).
type Style string

// Styles. The two Basic styles differ when the id or the secret has a character that a form
// escapes.
const (
	BasicRaw Style = "basic-raw" // Authorization: Basic base64(id:secret), as IBM's clients send it
	Basic    Style = "basic"     // Authorization: Basic base64(form(id):form(secret)), as RFC 6749 says
	Post     Style = "post"      // client_id and client_secret in the form
)

// Secret returns the client's secret as it is now. It is called for each attempt. Its result goes
// through [Trim].
type Secret func(context.Context) (string, error)

// Trim removes from a secret what an editor or a shell has added to its file: a byte order mark in
// front, and line breaks at the end.
func Trim(secret string) string {
	return strings.TrimRight(strings.TrimPrefix(secret, "\uFEFF"), "\r\n")
}

// New returns the Method of a client with a secret. The style and the id must have passed
// [Style.CheckID].
func New(s Style, id string, secret Secret) Method {
	secret = s.checked(secret)
	switch s {
	case Post:
		return post{id, secret}
	case Basic:
		return basic{id, secret}
	}
	return basicRaw{id, secret}
}

// CheckID returns an error if id cannot be a client id in this style. Its text completes
// "ClientID ...".
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

// CheckSecret returns an error if secret, after [Trim], cannot be a client secret in this style.
// The error does not contain the secret.
func (s Style) CheckSecret(secret string) error { return s.check(Trim(secret)) }

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

// checked returns secret with the checks of s.
func (s Style) checked(secret Secret) Secret {
	return func(ctx context.Context) (string, error) {
		v, err := secret(ctx)
		if err != nil {
			return "", fmt.Errorf("reading the client secret: %w", err)
		}
		if err := s.CheckSecret(v); err != nil {
			return "", fmt.Errorf("the client secret %w", err)
		}
		return Trim(v), nil
	}
}
