// Package httpguard protects net/http handlers with a core.Verifier.
//
//	mux.Handle("GET /balance", httpguard.Require(v, core.AllOf("accessRestricted"))(balance))
//
// The handler finds the caller with core.FromContext(r.Context()). Put a CORS middleware in front of the guard, not behind
// it: preflight requests carry no credentials.
//
// A challenge goes out under the name WWW-Authenticate in that spelling, and not in Go's canonical one. In a test with a
// httptest.ResponseRecorder look it up as w.Header()["WWW-Authenticate"]: Header.Get does not find it.
package httpguard

import (
	"io"
	"net/http"

	"github.com/mfpguard/mfpguard/core"
)

// Require returns a middleware that lets a request through to the next handler if its token meets need, with the
// core.Principal in the request's context, and answers it otherwise. It panics if v is nil or need is not valid, which can
// only be a mistake in the program.
func Require(v *core.Verifier, need core.Requirement) func(http.Handler) http.Handler {
	guard, err := v.Guard(need)
	if err != nil {
		panic("httpguard: " + err.Error())
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, denial := guard.Authorize(r.Context(), core.Request{Authorization: r.Header["Authorization"]})
			if denial != nil {
				write(w, denial)
				return
			}
			next.ServeHTTP(w, r.WithContext(core.NewContext(r.Context(), p)))
		})
	}
}

// write copies the denial. The names go into the map as they are, because Header.Set would respell them; what an outer layer
// has set goes away in either spelling, because clients take only one challenge.
func write(w http.ResponseWriter, d *core.Denial) {
	h := w.Header()
	for _, f := range d.Header {
		h.Del(f.Name)
		h[f.Name] = []string{f.Value}
	}
	w.WriteHeader(d.Status)
	io.WriteString(w, d.Body) // an error means that the client has gone
}
