package adaptertest

import (
	"strings"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// row is one request and its permitted outcomes.
type row struct {
	id   string // of the requirements
	name string

	line   string // request line, "" for GET /any HTTP/1.1
	fields string // header lines behind Host, each with its CRLF; TOKEN stands for the token
	body   string
	ends   bool // the client closes its side, because a server may wait for more

	token string // what it begins with
	size  int    // length of the token, 0 for a short one
	again bool   // the token of the row before

	says   func(answer map[string]any)    // changes what the authorization server says about the token
	as     func(*coretest.Server, string) // does something else to it, given the token
	except *profile                       // a profile for which the row makes no sense, nil for none
	only   *profile                       // the only profile for which the row makes sense, nil for all

	want  []outcome // any of these
	retry string    // Retry-After of unavailable, "" for 5
}

func (r row) appliesTo(p *profile) bool {
	return (r.only == nil || r.only == p) && (r.except == nil || r.except != p)
}

// to lists outcomes that are all permitted.
func to(o ...outcome) []outcome { return o }

// auth returns an Authorization line.
func auth(value string) string { return "Authorization: " + value + crlf }

const (
	crlf   = "\r\n"
	bearer = "Authorization: Bearer TOKEN\r\n"
)

// subject is a token and its user. Both contain the canary.
type subject struct{ canary, token, user string }

// newSubject makes a token with every kind of character that bearer tokens may have (BT-14). If
// size is not 0, it makes a token of that many bytes.
func newSubject(prefix string, size int) subject {
	c := newCanary()
	token := prefix + c + "-b2.c3_d4~e5+f6/g7=="
	if size > 0 {
		token = prefix + c + strings.Repeat("x", size-len(prefix)-len(c))
	}
	return subject{canary: c, token: token, user: "user-" + c}
}

func (r row) requestLine() string {
	if r.line == "" {
		return "GET /any HTTP/1.1"
	}
	return r.line
}

func (r row) path() string {
	words := strings.Split(r.requestLine()+" ", " ")
	path, _, _ := strings.Cut(words[1], "?")
	return path
}

func (r row) request(token string) string {
	return strings.ReplaceAll(r.requestLine()+crlf+"Host: rs.test"+crlf+r.fields+crlf+r.body, "TOKEN", token)
}
