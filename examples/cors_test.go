package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestCORS(t *testing.T) {
	const origin = "https://app.example.com"
	forEachService(t, func(t *testing.T, service string) {
		srv := newServer(t)
		srv.SetAnswer(alice, aliceFacts)
		p := start(t, command(t, service, config(srv, "CORS_ORIGIN="+origin)...))
		preflight := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,x-wl-app-version"}

		got := p.mustDo("OPTIONS /transfer", append(preflight, "Origin", origin)...)
		if got.status != 204 {
			t.Errorf("preflight: %d %s, want 204", got.status, got.body)
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin":  origin,
			"Access-Control-Allow-Methods": "GET,POST",
			"Access-Control-Allow-Headers": "authorization,x-wl-app-version",
		} {
			if v := list(got.header, name); v != want {
				t.Errorf("preflight: %s is %q, want %q", name, v, want)
			}
		}
		got = p.mustDo("OPTIONS /transfer", append(preflight, "Origin", "https://evil.example")...)
		if v := got.header.Get("Access-Control-Allow-Origin"); v != "" {
			t.Errorf("preflight from elsewhere: Access-Control-Allow-Origin is %q, want none", v)
		}

		for name, header := range map[string][]string{
			"200": bearer(alice), "401": nil, "401 to a token": bearer(bogus), "403": bearer(guest), "503": bearer(boss),
		} {
			srv.SetAnswer(guest, guestFacts)
			srv.SetAnswer(boss, "garbage")
			got := p.mustDo("GET /balance", append(header, "Origin", origin)...)
			if !strings.HasPrefix(name, fmt.Sprint(got.status)) {
				t.Errorf("%s: %d", name, got.status)
			}
			if v := list(got.header, "Access-Control-Allow-Origin"); v != origin {
				t.Errorf("%s: Access-Control-Allow-Origin is %q, want %q", name, v, origin)
			}
			if v := list(got.header, "Access-Control-Expose-Headers"); v != "WWW-Authenticate,MFP-Conflict" {
				t.Errorf("%s: Access-Control-Expose-Headers is %q", name, v)
			}
			if v := list(got.header, "Vary"); v != "Origin" {
				t.Errorf("%s: Vary is %q, want Origin", name, v)
			}
		}
	})
}

func TestNoCORSUnlessAsked(t *testing.T) {
	forEachService(t, func(t *testing.T, service string) {
		p := start(t, command(t, service, config(newServer(t))...))
		for _, request := range []string{"GET /public", "GET /me", "OPTIONS /me"} {
			got := p.mustDo(request, "Origin", "https://app.example.com", "Access-Control-Request-Method", "GET")
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: there is a field %s", request, name)
				}
			}
		}
	})
}

// list is a list-valued field without blanks.
func list(h http.Header, name string) string {
	return strings.ReplaceAll(strings.Join(h.Values(name), ","), " ", "")
}
