package endpoint

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Errors of a URL whose scheme does not fit its port.
var (
	errWantsTLS = errors.New("the server wants TLS on this port")
	errNoTLS    = errors.New("the server does not speak HTTPS on this port")
)

// Hint returns what the operator should check after an error of a Client, or "". Timeout is what
// the field Config.Timeout means.
func Hint(err error, timeout time.Duration) string {
	var unknown x509.UnknownAuthorityError
	var names x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "the server's certificate is from an authority that is not trusted here: name its PEM file in CAFile (MFPGUARD_CA_FILE)"
	case errors.As(err, &names):
		return "the server's certificate is for other names: use one of them in the URL"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate is out of date: renew it, or set this machine's clock"
	case refusesCertificate(err):
		return "the server wants a client certificate that it knows: set ClientCertificate (MFPGUARD_CLIENT_CERT_FILE), or check the one that is set"
	case closesAtOnce(err):
		return "the server closed the new connection at once: if it wants a client certificate, set ClientCertificate (MFPGUARD_CLIENT_CERT_FILE), or check the one that is set"
	case errors.Is(err, errWantsTLS):
		return "the URL begins with http://: put https:// in front"
	case errors.Is(err, errNoTLS):
		return "the URL begins with https://: use the server's TLS port"
	case errors.Is(err, context.DeadlineExceeded) && timeout > 0:
		return fmt.Sprintf("Config.Timeout is %v: check that the server can be reached, or raise it", timeout)
	}
	return ""
}

// refusesCertificate reports whether the server ended the handshake because of the certificate that
// we presented, or did not.
func refusesCertificate(err error) bool {
	if err == nil {
		return false
	}
	_, alert, found := strings.Cut(err.Error(), "remote error: tls: ")
	return found && (strings.Contains(alert, "certificate") || alert == "access denied")
}

// closesAtOnce reports whether the server ended an HTTP/2 connection right after the handshake.
// With TLS 1.3 it refuses certificates then, and net/http often loses its alert.
func closesAtOnce(err error) bool {
	return err != nil && strings.Contains(err.Error(), "http2: client conn could not be established")
}

// schemeError returns the error of this package for an attempt that failed because of the URL's
// scheme, or nil.
func schemeError(err error) error {
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return errNoTLS
	case strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`): // a TLS alert
		return errWantsTLS
	}
	return nil
}

// wantsTLS reports whether an answer to a request without TLS is that of a TLS port.
func wantsTLS(res *Response) bool {
	if res.Status != http.StatusBadRequest {
		return false
	}
	for _, phrase := range []string{
		"HTTP request to an HTTPS server",           // Go
		"HTTP request was sent to HTTPS port",       // nginx
		"plain HTTP to an SSL-enabled server",       // Apache
		"combination of host and port requires TLS", // Tomcat
	} {
		if bytes.Contains(res.Body, []byte(phrase)) {
			return true
		}
	}
	return false
}
