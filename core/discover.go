package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// DiscoverConfig says whose metadata [Discover] reads. Issuer is needed.
type DiscoverConfig struct {
	// Issuer is the server's issuer identifier: an https:// URL without a query, a fragment or user
	// information. On loopback it may be http://. The "issuer" of the document must be the same,
	// character by character, also in a slash at the end.
	Issuer string
	// OpenID reads <Issuer>/.well-known/openid-configuration (OpenID Connect Discovery 1.0). Zero
	// means the place of RFC 8414: /.well-known/oauth-authorization-server, between the host and the
	// path of Issuer. The other place is never tried.
	OpenID bool
	// AllowedHosts are where endpoints may be beside the host and port of Issuer, each "host" (port
	// 443) or "host:port". A document that names another place is an error.
	AllowedHosts []string
	// Timeout bounds one request. It must be 1ms to 1h. Zero means 5s.
	Timeout time.Duration
	// Transport carries the requests. Nil means what tokensource.NewTransport(CAFile) returns.
	// Redirects are not followed, with any Transport.
	Transport http.RoundTripper
	// CAFile is as in Config.
	CAFile string
}

// Discover reads the metadata of an authorization server (RFC 8414 or OpenID Connect Discovery
// 1.0). No address is taken from there without this call, and none has to be: MobileFirst publishes
// no metadata. Use what Discover returns as RFC7662Config.Metadata.
//
// It sends one request and waits for it, until ctx ends or Timeout is over. An error means that
// there is no metadata. A mistake in c is a [*ConfigError], any other failure an [*EndpointError].
func Discover(ctx context.Context, c DiscoverConfig) (*Metadata, error) {
	d, mistakes := c.open()
	if len(mistakes) > 0 {
		return nil, joinMistakes(mistakes)
	}
	m, err := d.refresh(ctx)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// open checks c. It returns what asks the server, or the mistakes.
func (c *DiscoverConfig) open() (d *discovery, mistakes []error) {
	add := func(field string, err error) {
		mistakes = append(mistakes, &ConfigError{Field: "DiscoverConfig." + field, Err: err})
	}
	d = &discovery{issuer: c.Issuer, openID: c.OpenID, timeout: cmp.Or(c.Timeout, 5*time.Second)}
	u, err := checkIssuer(c.Issuer)
	if err != nil {
		add("Issuer", err)
	} else if d.hosts, err = newHosts(u, c.AllowedHosts); err != nil {
		add("AllowedHosts", err)
	}
	if d.timeout < minTimeout || d.timeout > maxTimeout {
		add("Timeout", fmt.Errorf("is %v, want %v to %v", c.Timeout, minTimeout, maxTimeout))
	}
	transport := c.Transport
	if err := endpoint.CheckTransport(transport); err != nil {
		add("Transport", err)
	}
	switch {
	case c.CAFile != "" && transport != nil:
		add("CAFile", errors.New("and DiscoverConfig.Transport are both set: let the Transport wrap tokensource.NewTransport(caFile)"))
	case transport == nil:
		if d.own, err = endpoint.OpenTransport(1, c.CAFile); err != nil {
			add("CAFile", err)
		}
		transport = d.own
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	d.connect(wellKnown(u, c.OpenID), transport)
	return d, nil
}

// checkIssuer parses an issuer identifier (RFC 8414 section 2).
func checkIssuer(issuer string) (*url.URL, error) {
	u, err := endpoint.CheckURL(issuer, true)
	switch {
	case err != nil:
		return nil, err
	case !utf8.ValidString(issuer):
		return nil, errors.New("is not valid UTF-8")
	case strings.Contains(issuer, "?"):
		return nil, errors.New("has a query, which an issuer cannot have")
	case u.Scheme == "http" && !endpoint.Loopback(u.Hostname()):
		return nil, errors.New("is http:// to another host: an issuer is https://")
	case strings.Contains(issuer, "/.well-known/"):
		return nil, errors.New("has /.well-known on it: leave that off, want the issuer alone")
	}
	return u, nil
}

// wellKnown returns where the issuer u has its metadata. One slash at the end of the issuer does
// not count.
func wellKnown(u *url.URL, openID bool) string {
	origin, path := u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	if openID {
		return origin + path + "/.well-known/openid-configuration"
	}
	return origin + "/.well-known/oauth-authorization-server" + path
}
