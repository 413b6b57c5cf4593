package middleware_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// stack is a server with a guard between other middleware.
type stack struct {
	name string
	cors bool // a CORS middleware is in front
	// serve starts a server with three routes behind a guard that asks for the scope read, each with
	// another refusal hook: / has none, /small and /large write the texts of that name. The handler
	// answers 200 with page. An access logger in front of everything calls log.
	serve func(t *testing.T, v *core.Verifier, log func(status, size int)) (addr string)
}

var (
	small = `{"title":"no"}`
	large = `{"title":"no","detail":"` + strings.Repeat("a company's own text, ", 200) + `"}`
	page  = strings.Repeat("what the route has to say. ", 200)
)

// hooks are the routes and what their hooks write.
var hooks = []struct{ path, text string }{{"/", ""}, {"/small", small}, {"/large", large}}

// verify sends requests to a stack and judges the answers: the body decodes and has its length, it is the refusal's, there is
// one challenge in the right spelling, nothing of the answer may be stored, and CORS middleware and loggers have their way.
// MW-03
func (s stack) verify(t *testing.T) {
	as := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: as.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	logged := &logger{}
	addr := s.serve(t, v, logged.log)
	good, poor := "Authorization: Bearer "+as.Mint(coretest.Grant{Scope: "read"}), "Authorization: Bearer "+as.Mint(coretest.Grant{})
	for _, encoding := range []string{"", "gzip", "deflate", "br", "zstd", "gzip, deflate, br, zstd"} {
		accept := ""
		if encoding != "" {
			accept = "Accept-Encoding: " + encoding
		}
		for _, hook := range hooks {
			for _, row := range []struct {
				authorization, challenge, body string
				status                         int
			}{
				{"", "Bearer", `{"error":"missing_token"}`, 401},
				{"Authorization: Bearer x", `Bearer error="invalid_token"`, `{"error":"invalid_token"}`, 401},
				{poor, `Bearer error="insufficient_scope", scope="read"`, `{"error":"insufficient_scope"}`, 403},
				{good, "", page, 200},
			} {
				if row.status != 200 && hook.text != "" {
					row.body = hook.text
				}
				x := ask(t, addr, hook.path, accept, "If-None-Match: *", row.authorization)
				if x.status != row.status || x.body != row.body {
					t.Errorf("%s %q: %d %q, want %d %q\n%s", hook.path, accept, x.status, x.body, row.status, row.body, x.raw)
				}
				if row.status != 200 {
					refusal(t, x, row.challenge)
				}
				if got := x.header.Get("Access-Control-Allow-Origin"); s.cors != (got != "") {
					t.Errorf("%s %q: Access-Control-Allow-Origin is %q\n%s", hook.path, accept, got, x.raw)
				}
				if status, size := logged.last(); status != x.status || size != x.sent {
					t.Errorf("%s %q: the logger saw %d with %d bytes, the client %d with %d", hook.path, accept, status, size, x.status, x.sent)
				}
			}
		}
	}
}

// refusal judges the fields of a refusal.
func refusal(t *testing.T, x exchange, challenge string) {
	t.Helper()
	if !strings.Contains(x.raw, "\r\nWWW-Authenticate: "+challenge+"\r\n") || strings.Count(strings.ToLower(x.raw), "\nwww-authenticate:") != 1 {
		t.Errorf("want one challenge, %s:\n%s", challenge, x.raw)
	}
	if x.header.Get("Cache-Control") != "no-store" || x.header.Get("ETag") != "" || x.header.Get("Last-Modified") != "" {
		t.Errorf("the answer may be stored:\n%s", x.raw)
	}
}

// logger is what an access logger has seen.
type logger struct {
	sync.Mutex
	status, size int
}

func (l *logger) log(status, size int) {
	l.Lock()
	defer l.Unlock()
	l.status, l.size = status, size
}

func (l *logger) last() (status, size int) {
	l.Lock()
	defer l.Unlock()
	return l.status, l.size
}

// atoi is for numbers that a logger prints.
func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Error(err)
	}
	return n
}
