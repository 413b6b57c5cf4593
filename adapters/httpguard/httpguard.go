// Package httpguard protects net/http handlers with a [core.Verifier]. A guard made by [Require]
// lets a request through if its access token meets a [core.Requirement], and answers it otherwise:
//
//	mux.Handle("GET /balance", httpguard.Require(v, core.AllOf("accessRestricted"))(balance))
//
// The handler gets the caller, a [core.Principal], from [core.FromContext] with r.Context().
//
// Put a CORS middleware in front of the guard, not behind it: preflight requests carry no
// credentials.
//
// Challenges are sent in a field that is spelled WWW-Authenticate, because MobileFirst clients look
// for that spelling. It is not Go's canonical one (Www-Authenticate), so [http.Header.Get] does not
// find it in the recorder of a test. Look it up as w.Header()["WWW-Authenticate"].
package httpguard

import (
	"io"
	"net/http"

	"github.com/mfpguard/mfpguard/core"
)

// Require returns a middleware that calls the next handler for a request whose token meets need,
// with the [core.Principal] in the request's context. It answers every other request itself. The
// middleware is safe for concurrent use. Require panics if v is nil or need is not valid: both are
// mistakes in the program.
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

// write copies the denial to the answer. It assigns to the map, because Header.Set would change the
// spelling of the names. It deletes both spellings of a field that an outer layer has set, because
// clients read only one challenge.
func write(w http.ResponseWriter, d *core.Denial) {
	h := w.Header()
	for _, f := range d.Header {
		h.Del(f.Name)
		h[f.Name] = []string{f.Value}
	}
	w.WriteHeader(d.Status)
	io.WriteString(w, d.Body) // an error means that the client has gone
}
