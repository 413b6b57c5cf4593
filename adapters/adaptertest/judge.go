package adaptertest

import (
	"fmt"
	"slices"
	"strings"
)

// exchange is one request, its answer, and what happened meanwhile.
type exchange struct {
	need     string // scope that the route requires
	head     bool   // a HEAD request
	who      string // what a handler shows
	retry    string // Retry-After, in seconds
	response *response
	ran      int // how often a handler ran
	asks     int
	quiet    bool // nothing at all reached the authorization server
}

// judge returns how the exchange differs from the outcome, or "".
func (p *profile) judge(o outcome, x exchange) string {
	want := outcomes[o]
	if want.asks >= 0 && x.asks != want.asks {
		return fmt.Sprintf("asked the authorization server %d times, want %d", x.asks, want.asks)
	}
	if want.asks == 0 && !x.quiet {
		return "called the authorization server, which there was no need for"
	}
	if o == byServer {
		return turnedAway(x)
	}
	if x.response == nil {
		return "the connection was closed without an answer"
	}
	if x.response.status != want.status {
		return fmt.Sprintf("status %d, want %d", x.response.status, want.status)
	}
	if ran := want.status == 200; (x.ran == 1) != ran || x.ran > 1 {
		return fmt.Sprintf("the handler ran %d times after status %d", x.ran, x.response.status)
	}
	body := want.body
	if o == accepted || o == remembered {
		body = x.who
	}
	if x.head {
		body = ""
	}
	if x.response.body != body {
		return fmt.Sprintf("body %q, want %q", x.response.body, body)
	}
	return p.judgeFields(o, x)
}

// turnedAway accepts a 4xx or 5xx of the HTTP server itself, and a closed connection.
func turnedAway(x exchange) string {
	if x.ran != 0 {
		return "the handler ran"
	}
	if x.response != nil && !slices.Contains([]int{400, 405, 411, 413, 414, 431, 501, 505}, x.response.status) {
		return fmt.Sprintf("status %d, want one for a request that cannot be read", x.response.status)
	}
	return ""
}

// decisive are the fields of an answer that a client acts on, in lower case. A refusal has exactly
// the fields that are wanted: at most one challenge (BT-41, MFP-11), in this spelling (MFP-10,
// MFP-13), never to be stored (BT-61), and nothing that describes another body (MW-03).
var decisive = []string{
	"www-authenticate", "mfp-conflict", "retry-after", "cache-control", "content-type", "set-cookie", "location", "pragma",
	"accept-ranges", "age", "cdn-cache-control", "content-digest", "content-disposition", "content-encoding", "content-language",
	"content-location", "content-md5", "content-range", "digest", "etag", "expires", "last-modified", "repr-digest",
	"surrogate-control", "trailer",
}

// judgeFields compares the decisive fields byte for byte, including the spelling of their names.
func (p *profile) judgeFields(o outcome, x exchange) string {
	var got, want []string
	for _, f := range x.response.fields {
		name, _, _ := strings.Cut(f, ":")
		if slices.Contains(decisive, strings.ToLower(name)) {
			got = append(got, f)
		}
	}
	if outcomes[o].status == 200 { // the handler's own business, but for what only a refusal has
		got = slices.DeleteFunc(got, func(f string) bool {
			return !slices.Contains(decisive[:3], strings.ToLower(f[:strings.Index(f, ":")]))
		})
	} else {
		want = append(want, "Cache-Control: no-store", "Content-Type: application/json")
	}
	if c := p.challenge(o, x.need); c != "" {
		want = append(want, "WWW-Authenticate: "+c)
	}
	switch o {
	case conflict:
		want = append(want, "MFP-Conflict: true")
	case unavailable:
		want = append(want, "Retry-After: "+x.retry)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Sprintf("fields %q, want %q", got, want)
	}
	return ""
}
