package core

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// hosts are where the endpoints of a server may be. A document that names another place would send
// our credentials, and the tokens of users, there.
type hosts struct {
	name   string   // of the issuer's host
	plain  bool     // the issuer is http://, on loopback
	places []string // host:port, that of the issuer first
}

// newHosts returns the places of the issuer u and those that the operator allows. An error
// completes "AllowedHosts ...".
func newHosts(u *url.URL, allowed []string) (*hosts, error) {
	h := &hosts{name: u.Hostname(), plain: u.Scheme == "http", places: []string{place(u)}}
	for _, host := range allowed {
		at, err := endpoint.CheckURL("https://"+host, false)
		if err != nil || at.Host != host {
			return nil, fmt.Errorf("has %.*q, want host or host:port", maxShown, host)
		}
		if h.forbids(at.Hostname()) {
			return nil, fmt.Errorf("has %s, where no endpoint can be: it is an address of the link or of a cloud's metadata", at.Hostname())
		}
		h.places = append(h.places, place(at))
	}
	return h, nil
}

// place returns the host and the port of u in one spelling.
func place(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// check returns an error if an endpoint is not where h allows one. Its text follows the name of the
// member that has the address.
func (h *hosts) check(address string) error {
	u, err := endpoint.CheckURL(address, true)
	switch {
	case err != nil:
		return err
	case u.Scheme == "http" && (!h.plain || !endpoint.Loopback(u.Hostname())):
		return errors.New("is http://, want https://")
	case h.forbids(u.Hostname()):
		return fmt.Errorf("is on %.*s, an address of the link or of a cloud's metadata", maxShown, u.Hostname())
	case !slices.Contains(h.places, place(u)):
		return fmt.Errorf("is on %.*s, not on the issuer's host: if that is right, add it to DiscoverConfig.AllowedHosts", maxShown, u.Host)
	}
	return nil
}

// metadataAddresses are where clouds give credentials to each machine that asks, beside the
// addresses of the link.
var metadataAddresses = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("192.0.0.192"),
}

// forbids reports whether host is an address where no authorization server is, unless the issuer is
// there.
func (h *hosts) forbids(host string) bool {
	if host == h.name {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	return ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || slices.Contains(metadataAddresses, ip)
}
