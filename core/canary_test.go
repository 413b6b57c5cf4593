package core_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/canary"
)

const (
	canarySecret  = "secret-canary-8f3b1c"
	canaryUser    = "user-canary-5d20"
	canaryToken   = "token-canary-77aa61e0.c0ffee"
	canaryOwn     = "own-canary-token-19fe"
	canaryNothing = "canary" // is in all of them
)

// watcher collects everything that a Verifier says to anybody but the server.
type watcher struct{ canary.Watcher }

func (w *watcher) watch(c *core.Config) {
	c.Logger = w.Logger()
	w.Watch(&c.Trace)
}

func (w *watcher) note(what ...any) { w.Note(what...) }

func (w *watcher) denial(d *core.Denial) { w.Note(d) }

// check fails if any canary, plain or in one of the forms in which it travels, was said.
func (w *watcher) check(t *testing.T, also ...string) {
	t.Helper()
	said := w.Take()
	for _, secret := range append(also, canaryNothing, canarySecret, canaryUser, canaryToken, canaryOwn) {
		if canary.Find(said, secret, "rs1:"+secret) != "" {
			i := max(0, strings.Index(said, secret))
			t.Errorf("%q was said: …%.300s…", secret, said[max(0, i-150):])
			return
		}
	}
	if said == "" {
		t.Error("nothing was said at all: the test watches nothing")
	}
}

// faults are all that the fake server can do to a call, and what is particularly tempting to repeat.
var faults = map[string]coretest.Fault{
	"none":              func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) },
	"400":               coretest.Status(400),
	"401":               coretest.Status(401),
	"403":               coretest.Status(403),
	"404":               coretest.HTML(404),
	"409":               coretest.Status(409),
	"429":               coretest.Status(429, "Retry-After", "1"),
	"500":               coretest.Status(500),
	"503":               coretest.Status(503),
	"redirect":          coretest.Redirect(307, "https://evil.invalid/?token="+canaryToken),
	"bad redirect":      coretest.Redirect(302, "::"+canaryToken),
	"login page":        coretest.HTML(200),
	"reset":             coretest.Reset(),
	"hang":              coretest.Hang(),
	"late":              coretest.Delay(4 * time.Second),
	"truncated":         coretest.Truncate(),
	"oversize":          coretest.Oversize(2 << 20),
	"gzip":              coretest.Gzip(),
	"empty":             coretest.Body(200, "application/json", ""),
	"null":              coretest.Body(200, "application/json", "null"),
	"echo in an error":  echo(400, `{"error":%q,"error_description":%q,"errorCode":%q}`),
	"echo in a 200":     echo(200, `{"error":%q,"access_token":5,"active":%q,"x":%q}`),
	"echo in a name":    echo(200, `{%q:1,%q:2,%q:3}`),
	"echo twice":        echo(200, `{"active":true,%q:1,"a":%q,"a":%q}`),
	"echo as text":      echo(200, `%q %q %q`),
	"echo in exp":       echo(200, `{"active":true,"exp":%q,"nbf":%q,"token_type":%q}`),
	"echo in the scope": echo(200, `{"access_token":"x","token_type":"Bearer","scope":%q,"active":true,"mfp-user":{"id":[%q,%q]}}`),
	"echo in the header": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", sent(r))
		w.Header().Set("Retry-After", sent(r))
		w.Header().Set("WWW-Authenticate", `Bearer error="`+sent(r)+`"`)
		w.WriteHeader(200)
	},
	"active is text": coretest.SetMember("active", `"`+canaryToken+`"`),
	"active twice":   coretest.RepeatMember("active", "true"),
	"strange member": coretest.SetMember(canaryUser, "1"),
	"user is text":   coretest.SetMember("mfp-user", `"`+canaryUser+`"`),
	"scope is text":  coretest.SetMember("scope", `["`+canaryUser+`"]`),
}

// sent is a secret of a request: the token that it asks about, or the credentials that it carries.
func sent(r *http.Request) string {
	if tok := r.PostForm.Get("token"); tok != "" {
		return tok
	}
	_, secret, _ := r.BasicAuth()
	return secret
}

func echo(status int, format string) coretest.Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, format, sent(r), r.Header.Get("Authorization"), sent(r))
	}
}
