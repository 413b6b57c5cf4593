package hooktest

import (
	"net/http"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// troubles: the fields of other denials reach the client, too, when a hook writes the body. MW-04
func troubles(t *testing.T, serve Serve) {
	v, as := verifier(t, func(c *core.Config) { c.CacheTTL = new(time.Duration) })
	config := Config{ErrorHandler: func(a Answer, _ *core.Denial) { a.Body(own) }}
	addr := serve(t, v, Route{"/", guards(core.AllOf("pay"), config), caller})
	good := "Bearer " + as.Mint(coretest.Grant{Scope: "read"})
	for _, row := range []struct {
		name, authorization string
		as                  int // status of the authorization server's answer, 0 for its own
		status, challenge   string
		retry, conflict     string
	}{
		{"no token", "", 0, "401", "Bearer", "", ""},
		{"a token without the scope", good, 0, "403", `Bearer error="insufficient_scope", scope="pay"`, "", ""},
		{"a conflict", "Bearer b", http.StatusConflict, "409", "", "", "true"},
		{"trouble", "Bearer c", http.StatusNotFound, "503", "", "5", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.as != 0 {
				as.Inject(coretest.Introspection, 1, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(row.as) })
			}
			a := ask(t, addr, "GET /", row.authorization)
			if a.status != row.status || a.body != own || a.values("WWW-Authenticate", true) != row.challenge ||
				a.values("Retry-After", false) != row.retry || a.values("MFP-Conflict", true) != row.conflict {
				t.Errorf("%+v, want %+v", a, row)
			}
		})
	}
}
