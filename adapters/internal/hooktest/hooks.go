package hooktest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

const (
	problem = "application/problem+json"
	jsonish = "application/json"
	own     = `{"title":"no"}`
	invalid = `Bearer error="invalid_token"`
	refused = `{"error":"invalid_token"}`
)

// hookRow is a hook and the answer to a request with a token that is not valid.
type hookRow struct {
	name                           string
	hook                           func(Answer, *core.Denial)
	status, media, challenge, body string
}

var hookRows = []hookRow{
	{"no hook", nil, "401", jsonish, invalid, refused},
	{"it writes a body only", func(a Answer, _ *core.Denial) { a.Set("Content-Type", problem); a.Body(own) }, "401", problem, invalid, own},
	{"it writes the body in two parts", func(a Answer, _ *core.Denial) { a.Body(own[:5]); a.Body(own[5:]) }, "401", jsonish, invalid, own},
	{"it writes a status only", func(a Answer, _ *core.Denial) { a.Status(404) }, "404", jsonish, invalid, ""},
	{"it hides the route", func(a Answer, _ *core.Denial) { a.Del("WWW-Authenticate"); a.Status(404); a.Body(own) }, "404", jsonish, "", own},
	{"it answers with 200", func(a Answer, _ *core.Denial) { a.Status(200); a.Body(own) }, "200", jsonish, invalid, own},
	{"it writes nothing", func(Answer, *core.Denial) {}, "401", jsonish, invalid, refused},
	{"it writes nothing but a field", func(a Answer, _ *core.Denial) { a.Set("X-Support", "7") }, "401", jsonish, invalid, refused},
	{"it changes the challenge", func(a Answer, _ *core.Denial) { a.Set("WWW-Authenticate", "Bearer realm=x"); a.Body(own) }, "401", jsonish, "Bearer realm=x", own},
	{"it changes the challenge in lower case", func(a Answer, _ *core.Denial) { a.Set("www-authenticate", "Bearer realm=x"); a.Body(own) }, "401", jsonish, "Bearer realm=x", own},
	{"it deletes the challenge", func(a Answer, _ *core.Denial) { a.Del("WWW-Authenticate"); a.Body(own) }, "401", jsonish, "", own},
	{"it calls Write", func(a Answer, d *core.Denial) { a.Write(d) }, "401", jsonish, invalid, refused},
	{"it sets fields and calls Write", func(a Answer, d *core.Denial) {
		a.Set("Content-Type", "text/html")
		a.Set("WWW-Authenticate", "Basic")
		a.Write(d)
	}, "401", jsonish, invalid, refused},
	{"it changes the denial", func(_ Answer, d *core.Denial) { change(d) }, "403", problem, "", own},
	{"it changes the denial and calls Write", func(a Answer, d *core.Denial) { change(d); a.Write(d) }, "403", problem, "", own},
	{"it panics", func(Answer, *core.Denial) { panic("hook") }, "500", "", "", ""},
	{"it panics after it has changed the status", func(a Answer, _ *core.Denial) { a.Set("X-Support", "7"); panic("hook") }, "500", "", "", ""},
}

// change replaces what a denial says, without a challenge.
func change(d *core.Denial) {
	d.Status, d.Body = http.StatusForbidden, own
	d.Header = []core.Field{{Name: "Cache-Control", Value: "no-store"}, {Name: "Content-Type", Value: problem}}
}

// hooks: one body; status and fields are the denial's unless the hook changes them; nothing passes.
// MW-04
func hooks(t *testing.T, serve Serve) {
	v, as := verifier(t)
	good := "Bearer " + as.Mint(coretest.Grant{ClientID: "c1"})
	for _, row := range hookRows {
		t.Run(row.name, func(t *testing.T) {
			ran := 0
			var config Config
			if row.hook != nil {
				config.ErrorHandler = func(a Answer, d *core.Denial) { ran++; row.hook(a, d) }
			}
			addr := serve(t, v, Route{"/", guards(core.Authenticated(), config), caller})
			if a := ask(t, addr, "GET /", good); a.status != "200" || a.body != "handler for c1" || ran != 0 {
				t.Errorf("a good token: %+v, hook ran %d times, want 200 and no hook", a, ran)
			}
			for _, method := range []string{"GET", "HEAD"} {
				a, body := ask(t, addr, method+" /", "Bearer x"), row.body
				if method == "HEAD" {
					body = ""
				}
				if strings.Contains(a.body, "handler for") {
					t.Fatalf("%s: the handler ran", method)
				}
				if row.status == "500" { // the rest is the framework's
					body, a.body = "", ""
				}
				if a.status != row.status || a.body != body {
					t.Errorf("%s: %+v, want status %s and body %q", method, a, row.status, body)
				}
				row.compare(t, a)
			}
		})
	}
}

func (row *hookRow) compare(t *testing.T, a answer) {
	t.Helper()
	if row.status == "500" {
		return
	}
	if got := a.values("WWW-Authenticate", true); got != row.challenge {
		t.Errorf("challenge %q, want %q", got, row.challenge)
	}
	if got := a.values("Content-Type", false); got != row.media {
		t.Errorf("Content-Type %q, want %q", got, row.media)
	}
	if got := a.values("Cache-Control", false); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
}
