package hooktest

import (
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// skips: a skipped request has no caller, and a predicate that panics lets nothing through. MW-04
func skips(t *testing.T, serve Serve) {
	v, as := verifier(t)
	good := "Bearer " + as.Mint(coretest.Grant{ClientID: "c1"})
	next := func(path string) bool {
		if path == "/panics" {
			panic("Next")
		}
		return path == "/open"
	}
	routes := make([]Route, 0, 3)
	for _, path := range []string{"/open", "/guarded", "/panics"} {
		routes = append(routes, Route{path, guards(core.Authenticated(), Config{Next: next}), found})
	}
	addr := serve(t, v, routes...)
	for _, row := range []struct{ name, line, authorization, status, body string }{
		{"skipped", "GET /open", "", "200", "handler for false"},
		{"skipped with a good token", "GET /open", good, "200", "handler for false"},
		{"skipped with a bad token", "GET /open", "Bearer x", "200", "handler for false"},
		{"not skipped", "GET /guarded", "", "401", `{"error":"missing_token"}`},
		{"not skipped, with a good token", "GET /guarded", good, "200", "handler for c1true"},
		{"it panics", "GET /panics", "", "500", ""},
		{"it panics with a good token", "GET /panics", good, "500", ""},
	} {
		a := ask(t, addr, row.line, row.authorization)
		if a.status == "500" && !strings.Contains(a.body, "handler for") {
			a.body = "" // the framework's
		}
		if a.status != row.status || a.body != row.body {
			t.Errorf("%s: %+v, want %s and %q", row.name, a, row.status, row.body)
		}
	}
}

// accessors: where no guard has put a caller, the accessor panics, and the client gets an error
// instead of data for a caller who is not there. MW-08
func accessors(t *testing.T, serve Serve) {
	v, as := verifier(t)
	good := "Bearer " + as.Mint(coretest.Grant{ClientID: "c1"})
	all := func(string) bool { return true }
	addr := serve(
		t, v,
		Route{"/guarded", guards(core.Authenticated()), caller},
		Route{"/forgotten", nil, caller},
		Route{"/optional", guards(core.Authenticated().Optional()), caller},
		Route{"/skipped", guards(core.Authenticated(), Config{Next: all}), caller},
	)
	for _, row := range []struct{ line, authorization, status string }{
		{"GET /guarded", good, "200"},
		{"GET /guarded", "", "401"},
		{"GET /forgotten", good, "500"},
		{"GET /forgotten", "", "500"},
		{"GET /optional", good, "200"},
		{"GET /optional", "", "500"},
		{"GET /skipped", good, "500"},
	} {
		a := ask(t, addr, row.line, row.authorization)
		if ran := strings.Contains(a.body, "handler for"); a.status != row.status || ran != (row.status == "200") {
			t.Errorf("%s with %q: %+v, want %s", row.line, row.authorization, a, row.status)
		}
	}
}

// twoGuards: a group's guard and a stricter one of a route ask once about a request. MW-05
func twoGuards(t *testing.T, serve Serve) {
	for name, ttl := range map[string]time.Duration{"remembered": time.Minute, "nothing is remembered": 0} {
		t.Run(name, func(t *testing.T) {
			v, as := verifier(t, func(c *core.Config) { c.CacheTTL = &ttl })
			group := Guard{Need: core.Authenticated().MaxAge(0)}
			addr := serve(
				t, v,
				Route{"/pay", []Guard{group, {Need: core.AllOf("pay").MaxAge(0)}}, caller},
				Route{"/read", []Guard{group, {Need: core.AllOf("read").MaxAge(0)}}, caller},
			)
			authorization := "Bearer " + as.Mint(coretest.Grant{ClientID: "c1", Scope: "pay"})
			for i, row := range []struct{ line, status string }{{"GET /pay", "200"}, {"GET /pay", "200"}, {"GET /read", "403"}} {
				a := ask(t, addr, row.line, authorization)
				if got := as.Calls().Introspection; a.status != row.status || got != i+1 {
					t.Errorf("%s: %+v after %d questions, want %s after %d", row.line, a, got, row.status, i+1)
				}
			}
		})
	}
}
