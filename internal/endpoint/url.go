package endpoint

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// CheckURL parses the URL of an endpoint. It returns an error for a scheme other than https, for a
// host that is missing or not ASCII, for user information and for a fragment. The scheme http is
// valid on loopback, and elsewhere if insecureHTTP is set. An error does not contain the URL,
// because that may contain a password.
func CheckURL(raw string, insecureHTTP bool) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("is empty, want an https:// URL")
	}
	if strings.TrimSpace(raw) != raw {
		return nil, errors.New("has white space around it: remove that")
	}
	if lacksScheme(raw) {
		return nil, errors.New("has no scheme: put https:// in front")
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
	case u.Scheme == "":
		return nil, errors.New("has no scheme: put https: in front")
	case u.Scheme != "http":
		return nil, fmt.Errorf("has scheme %.20q, want https", u.Scheme)
	case !insecureHTTP && !Loopback(u.Hostname()):
		return nil, errors.New("is http:// to another host, which sends tokens in the clear: use https, or set InsecureHTTP")
	}
	return u, nil
}

// lacksScheme reports whether raw begins with a host: url.Parse takes the name in front of a port
// for the scheme.
func lacksScheme(raw string) bool {
	before, after, found := strings.Cut(raw, ":")
	if !found || strings.ContainsAny(before, "/?#[") {
		return !strings.HasPrefix(raw, "/")
	}
	return after != "" && '0' <= after[0] && after[0] <= '9' || strings.Contains(before, ".") && !strings.HasPrefix(after, "//")
}

// Loopback reports whether host, a name or an address, is this machine. Only ASCII letters are
// compared without regard to case.
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
