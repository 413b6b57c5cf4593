package fiberguard_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// raw sends a request on a connection of its own and returns all that comes back until the server closes it.
func raw(t testing.TB, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, request)
	conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		t.Fatalf("the server keeps the connection: %q", answer)
	}
	return string(answer)
}

const canary = "CanaryCanaryCanary"

// unreadable are requests that Fiber cannot parse, each with a token in it, and what it answers without our handler.
var unreadable = []struct {
	name, request string
	status        string // with or without our handler
	body          string // with our handler
	leaks         bool   // without our handler, as of fasthttp v1.69
}{
	{"a NUL in another field", bearer + "X-A: a\x00b\r\n\r\n", "400", `{"error":"bad_request"}`, true},
	{"a NUL in the token", "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + canary + "\x00\r\n\r\n", "400", `{"error":"bad_request"}`, true},
	{"a length that is no number", bearer + "Content-Length: x\r\n\r\n", "400", `{"error":"bad_request"}`, true},
	{"no method", canary + "\r\nHost: h\r\n\r\n", "400", `{"error":"bad_request"}`, true},
	{"a header above the buffer", bearer + "X-A: " + strings.Repeat("x", 5000) + "\r\n\r\n", "431", `{"error":"request_header_fields_too_large"}`, false},
	{"a token above the buffer", "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + canary + strings.Repeat("x", 6000) + "\r\n\r\n", "431", `{"error":"request_header_fields_too_large"}`, false},
	{"a body above the limit", strings.Replace(bearer, "GET", "POST", 1) + "Content-Length: 99999999\r\n\r\n", "413", `{"error":"request_entity_too_large"}`, false},
	{"a path that nobody serves", strings.Replace(bearer, "/", "/"+canary, 1) + "Connection: close\r\n\r\n", "404", `{"error":"not_found"}`, true},
}

const bearer = "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + canary + "\r\n"

// A70, BT-54: with the handler nothing of a request comes back, however broken it is. Without it the token does, which this
// test pins, too: should Fiber ever mend it, the documentation can say so.
func TestErrorHandlerShowsNothingOfTheRequest(t *testing.T) {
	v, as := verifier(t)
	serve := func(handler fiber.ErrorHandler) string {
		app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: handler})
		app.All("/", fiberguard.Require(v, core.Authenticated()))
		return start(t, app)
	}
	without, with := serve(nil), serve(fiberguard.ErrorHandler)
	for _, test := range unreadable {
		t.Run(test.name, func(t *testing.T) {
			answer := raw(t, with, test.request)
			if strings.Contains(answer, canary) {
				t.Errorf("the token comes back:\n%s", answer)
			}
			if !strings.HasPrefix(answer, "HTTP/1.1 "+test.status+" ") || !strings.HasSuffix(answer, "\r\n\r\n"+test.body) ||
				strings.Count(answer, "\r\nCache-Control: no-store\r\n") != 1 || strings.Count(answer, "\r\nContent-Type: application/json\r\n") != 1 {
				t.Errorf("want status %s, %s, not to be stored, got:\n%s", test.status, test.body, answer)
			}
			answer = raw(t, without, test.request)
			if !strings.HasPrefix(answer, "HTTP/1.1 "+test.status+" ") || strings.Contains(answer, canary) != test.leaks {
				t.Errorf("without the handler: want status %s and the token in it: %v, got:\n%s", test.status, test.leaks, answer)
			}
		})
	}
	if got := as.Calls(); got != (coretest.Calls{}) {
		t.Errorf("the authorization server got %+v, want no calls", got)
	}
}

func TestErrorHandlerSaysTheStatusAndNothingElse(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		body   string
	}{
		{"an error of Fiber", fiber.NewError(409, canary), 409, `{"error":"conflict"}`},
		{"an error of Fiber within another", errors.Join(errors.New(canary), fiber.ErrForbidden), 403, `{"error":"forbidden"}`},
		{"any other error", errors.New(canary), 500, `{"error":"internal_server_error"}`},
		{"an error with a status that is none", fiber.NewError(200, canary), 500, `{"error":"internal_server_error"}`},
		{"an error with a status out of range", fiber.NewError(1000, canary), 500, `{"error":"internal_server_error"}`},
		{"an error with a status without a name", fiber.NewError(499, canary), 499, `{"error":"error"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler})
			app.Get("/", func(*fiber.Ctx) error { return test.err })
			if status, _, body := get(t, app, "/", ""); status != test.status || body != test.body {
				t.Errorf("%d %s, want %d %s", status, body, test.status, test.body)
			}
		})
	}
}

// MFP-21: a token of 6 KB passes with the buffer that the documentation recommends, and is 431 with Fiber's own.
func TestReadBufferSize(t *testing.T) {
	v, as := verifier(t)
	token := canary + strings.Repeat("x", 6<<10)
	as.SetAnswer(token, `{"active":true,"client_id":"c1"}`)
	for _, test := range []struct {
		name   string
		buffer int
		want   string
	}{
		{"the default of 4096", 0, "HTTP/1.1 431 "},
		{"the recommended 16384", 16 << 10, "HTTP/1.1 200 "},
	} {
		app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: test.buffer, ErrorHandler: fiberguard.ErrorHandler})
		app.Get("/", fiberguard.Require(v, core.Authenticated()), func(c *fiber.Ctx) error { return c.SendString(client(c)) })
		answer := raw(t, start(t, app), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer "+token+"\r\n\r\n")
		if !strings.HasPrefix(answer, test.want) || strings.Contains(answer, canary) {
			t.Errorf("%s: want %s and no token, got:\n%s", test.name, test.want, answer)
		}
	}
}

// With StreamRequestBody a refused request may leave its body unread on the connection, where Fiber would take it for the
// next request. So the connection is closed, also when a hook writes the answer; and only then.
func TestRefusalDoesNotLeaveABodyBehind(t *testing.T) {
	v, _ := verifier(t)
	app := fiber.New(fiber.Config{DisableStartupMessage: true, StreamRequestBody: true, ErrorHandler: fiberguard.ErrorHandler})
	app.All("/", fiberguard.Require(v, core.Authenticated()))
	app.All("/hook", fiberguard.Require(v, core.Authenticated(), fiberguard.Config{ErrorHandler: page}))
	addr := start(t, app)
	hidden := strings.Repeat("GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n", 2000)
	chunks := "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + "0\r\n\r\n"
	end := " HTTP/1.1\r\nHost: h\r\n\r\n"
	for _, test := range []struct {
		name, request string
		answers       int
	}{
		{"two requests without a body", "GET /" + end + "GET /hook" + end, 2},
		{"a body that looks like requests", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 68000\r\n\r\n" + (hidden + hidden)[:68000], 1},
		{"a chunked body", "POST / HTTP/1.1\r\nHost: h\r\n" + chunks + "GET /" + end, 1},
		{"a chunked body and a hook", "POST /hook HTTP/1.1\r\nHost: h\r\n" + chunks + "GET /" + end, 1},
	} {
		answer := raw(t, addr, test.request)
		if got := strings.Count(answer, "HTTP/1.1 "); got != test.answers || strings.Count(answer, "HTTP/1.1 401 ") != got {
			t.Errorf("%s: %d answers, want %d with status 401:\n%s", test.name, got, test.answers, answer)
		}
		if closes := strings.Contains(answer, "\r\nConnection: close\r\n"); closes != (test.answers == 1) {
			t.Errorf("%s: Connection: close is %v:\n%s", test.name, closes, answer)
		}
	}
}
