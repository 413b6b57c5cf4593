// Package httpguard protects net/http handlers with a [core.Verifier]. A guard made by [Require]
// lets a request through if its access token meets a [core.Requirement], and answers it otherwise:
//
//	mux.Handle("GET /balance", httpguard.Require(v, core.AllOf("accessRestricted"))(balance))
//
// The handler gets the caller, a [core.Principal], from [Principal]. If the requirement is
// Optional, use [core.FromContext] with r.Context().
//
// Put a CORS middleware in front of the guard, not behind it: preflight requests carry no
// credentials. Compressors and loggers may be on either side.
//
// [Config] skips the guard for some requests, or writes other answers to refused ones. It cannot
// change the decision about a token.
//
// Challenges are sent in a field that is spelled WWW-Authenticate, because MobileFirst clients look
// for that spelling. It is not Go's canonical one (Www-Authenticate), so [http.Header.Get] does not
// find it in the recorder of a test. Look it up as w.Header()["WWW-Authenticate"].
package httpguard

import (
	"net/http"

	"github.com/mfpguard/mfpguard/adapters/internal/forward"
	"github.com/mfpguard/mfpguard/core"
)

// Require returns a middleware that calls the next handler for a request whose token meets need,
// with the [core.Principal] in the request's context. It answers every other request itself. The
// middleware is safe for concurrent use. Require panics if v is nil, if need is not valid, or if
// there is more than one Config, and the middleware panics if the next handler is nil: all are
// mistakes in the program.
//
// The next handler gets a copy of the request, because a request cannot change its context. The
// forms that it parses, and the pattern and path values that a router behind the guard finds, are
// in the request afterwards, too.
func Require(v *core.Verifier, need core.Requirement, config ...Config) func(http.Handler) http.Handler {
	guard, err := v.Guard(need)
	if err != nil {
		panic("httpguard: " + err.Error())
	}
	cfg := only(config)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("httpguard: the next handler is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if cfg.Next != nil && cfg.Next(r) {
				next.ServeHTTP(w, r)
				return
			}
			p, denial := guard.Authorize(r.Context(), core.Request{Authorization: r.Header["Authorization"]})
			if denial != nil {
				cfg.refuse(w, r, denial)
				return
			}
			ctx, end := guard.Context(r.Context(), p)
			copied := forward.Copy(ctx, r)
			defer func() {
				end()
				forward.Return(r, copied)
			}()
			next.ServeHTTP(w, copied)
		})
	}
}

// Principal returns the caller of an accepted request. It panics if there is none, as
// [core.MustFromContext] does: the route has no guard, the guard was skipped, or its requirement is
// Optional and the request came without a token. The server then answers with an error, never with
// data for a caller who is not there.
func Principal(r *http.Request) core.Principal { return core.MustFromContext(r.Context()) }
