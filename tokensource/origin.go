package tokensource

import (
	"net/url"
	"strconv"
	"strings"
)

// origin returns the scheme, host and port of u in one spelling, or "" if the host is not ASCII.
// Only ASCII letters are folded, because a resolver treats other characters that Unicode folds as
// another host. The zone of an IPv6 address, which names an interface, is not folded.
func origin(u *url.URL) string {
	scheme, host, port := lower(u.Scheme), u.Hostname(), u.Port()
	for i := range len(host) {
		if host[i] >= 0x80 {
			return ""
		}
	}
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	name, zone, zoned := strings.Cut(host, "%")
	if host = lower(name); zoned {
		host += "%" + zone
	}
	return scheme + "://" + host + ":" + port
}

// lower returns s with the ASCII letters in lower case.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// shown returns an origin that the program gave, quoted, for the text of a panic. It hides user
// information.
func shown(raw string) string {
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		raw = "..." + raw[i:]
	}
	return strconv.Quote(raw)
}
