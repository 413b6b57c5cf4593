package examples_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestBrokenRequestsAreNotEchoed sends what no HTTP client would. Frameworks like to show it in
// their answer.
func TestBrokenRequestsAreNotEchoed(t *testing.T) {
	const canary = "canary-token-0123456789"
	forEachService(t, func(t *testing.T, service string) {
		p := start(t, command(t, service, config(newServer(t))...))
		for name, request := range map[string]string{
			"a line without a colon": "GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + canary + "\r\nbroken\r\n\r\n",
			"a blank in a name":      "GET /me HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer " + canary + "\r\n\r\n",
			"no version":             "GET /me\r\nHost: a\r\nAuthorization: Bearer " + canary + "\r\n\r\n",
			"a bad length":           "POST /transfer HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\nAuthorization: Bearer " + canary + "\r\n\r\n",
			"no such route":          "GET /none/" + canary + " HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer " + canary + "\r\n\r\n",
			"too long":               "GET /me HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer " + strings.Repeat(canary, 100_000) + "\r\n\r\n",
		} {
			c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			c.SetDeadline(time.Now().Add(patience))
			io.WriteString(c, request) // an error means that it was refused unread
			c.(*net.TCPConn).CloseWrite()
			got, _ := io.ReadAll(c) // an error, too
			c.Close()
			if strings.Contains(string(got), canary) {
				t.Errorf("%s: the answer has the token: %.300q", name, got)
			}
			if strings.HasPrefix(string(got), "HTTP/1.1 200") {
				t.Errorf("%s: the answer is %.40q", name, got)
			}
		}
		if strings.Contains(p.printed(), canary) {
			t.Errorf("the log has the token")
		}
	})
}
