package formpost

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const maxErrorText = 200

// cleanse returns err without its URL and without anything that was sent. Errors that callers test for stay in the chain;
// others are flattened to printable text, because a transport may quote the server's bytes, and a server may echo ours.
func cleanse(err error, header http.Header, form url.Values) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	text := printable(err.Error())
	for _, secret := range sent(header, form) {
		if strings.Contains(text, secret) {
			return errors.New("transport error (its text is withheld: it repeats what was sent)")
		}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return err
	}
	return errors.New(text)
}

// sent lists the values that must not show up in an error: credentials and every form value that is long enough to be one.
func sent(header http.Header, form url.Values) []string {
	var secrets []string
	if _, credentials, ok := strings.Cut(header.Get("Authorization"), " "); ok {
		secrets = append(secrets, credentials)
	}
	for name, values := range form {
		if name == "grant_type" || name == "scope" || name == "token_type_hint" || name == "client_id" {
			continue
		}
		for _, v := range values {
			if v != "" {
				secrets = append(secrets, v, url.QueryEscape(v))
			}
		}
	}
	return secrets
}

// printable replaces what is not printable ASCII and caps the length.
func printable(s string) string {
	if len(s) > maxErrorText {
		s = s[:maxErrorText]
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
