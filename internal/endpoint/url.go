package endpoint

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// CheckURL parses an endpoint URL and refuses what can only be a mistake: another scheme than https (http is allowed on
// loopback, and elsewhere when insecureHTTP says so), no host, user information, a fragment. Its errors name what is wrong
// and never repeat the URL, which might carry a password.
func CheckURL(raw string, insecureHTTP bool) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("is empty, want an https:// URL")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("is not a URL")
	}
	switch {
	case u.Host == "" || u.Hostname() == "":
		return nil, errors.New("has no host, want https://host/path")
	case !ascii(u.Host):
		return nil, errors.New("has a host that is not ASCII: write it in ASCII (punycode, xn--...)")
	case u.User != nil:
		return nil, errors.New("carries user information: put the credentials into their own fields")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, errors.New("has a fragment, which an endpoint cannot have (RFC 6749 section 3.2)")
	case u.Scheme == "https":
	case u.Scheme != "http":
		return nil, fmt.Errorf("has scheme %q, want https", u.Scheme)
	case !insecureHTTP && !Loopback(u.Hostname()):
		return nil, errors.New("is http:// to another host, which sends tokens in the clear: use https, or set InsecureHTTP")
	}
	return u, nil
}

// Loopback says whether host, a name or an address, is this machine. Only ASCII letters have two cases here.
func Loopback(host string) bool {
	if ascii(host) && strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// CheckTransport refuses a transport that does not verify its peer. Only *http.Transport can be looked into.
func CheckTransport(rt http.RoundTripper) error {
	t, ok := rt.(*http.Transport)
	if !ok || t == nil || t.TLSClientConfig == nil {
		return nil
	}
	if t.TLSClientConfig.InsecureSkipVerify {
		return errors.New("sets InsecureSkipVerify, which lets anybody answer for the server: put its CA into RootCAs instead")
	}
	if v := t.TLSClientConfig.MinVersion; v != 0 && v < tls.VersionTLS12 {
		return errors.New("allows TLS below 1.2: raise MinVersion")
	}
	return nil
}

// RetryAfter reads a Retry-After field (RFC 9110 section 10.2.3) in either form. Zero means absent or of no use; what is
// longer than limit is cut to it.
func RetryAfter(h http.Header, now time.Time, limit time.Duration) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseUint(value, 10, 64)
		if err != nil || seconds >= uint64(limit/time.Second) { // or more digits than 64 bits hold
			return limit
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), limit)
}
