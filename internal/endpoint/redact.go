package endpoint

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const maxErrorText = 200

// redact returns err without its URL and without anything that the attempt sent to host. Errors
// that callers test for stay in the chain. Others become printable text, because a transport may
// quote bytes of the server, and a server may echo ours.
func redact(err error, a attempt, host string) error {
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
	if known := schemeError(err); known != nil {
		return known
	}
	for _, secret := range sent(a.header, a.form) {
		if repeats(err.Error(), secret, host) {
			return errors.New("transport error (its text is withheld: it repeats what was sent)")
		}
	}
	var op *net.OpError
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &op) || errors.As(err, &untrusted) {
		return err
	}
	return errors.New(printable(err.Error()))
}

// sent returns the values that must not be in an error: the credentials in the header and the
// values of all form parameters but some that are no secret.
func sent(header http.Header, form url.Values) []string {
	var secrets []string
	if scheme, credentials, ok := strings.Cut(header.Get("Authorization"), " "); ok {
		secrets = append(secrets, credentials)
		if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil && scheme == "Basic" {
			if _, password, _ := strings.Cut(string(plain), ":"); password != "" {
				secrets = append(secrets, password)
			}
		}
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

// printable returns s as printable ASCII of limited length. It ends before the first quotation
// mark: net/http puts what the server sent into quotation marks.
func printable(s string) string {
	if before, _, quotes := strings.Cut(s, `"`); quotes {
		s = before + "(what was received is withheld)"
	}
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
