// Package ginguard protects Gin routes with a [core.Verifier]. A guard made by [Require] lets a
// request through if its access token meets a [core.Requirement], and answers it otherwise:
//
//	r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")), balance)
//
// The handler gets the caller, a [core.Principal], from [Principal]. If the requirement is
// Optional, use [core.FromContext] with c.Request.Context().
//
// Put a CORS middleware in front of the guard, not behind it: preflight requests carry no
// credentials. Compressors and loggers may be on either side.
//
// [Config] skips the guard for some requests, or writes other answers to refused ones. It cannot
// change the decision about a token.
//
// Challenges are sent in a field that is spelled WWW-Authenticate, because MobileFirst clients look
// for that spelling. It is not Go's canonical one (Www-Authenticate), so [net/http.Header.Get] does
// not find it in the recorder of a test. Look it up as w.Header()["WWW-Authenticate"].
package ginguard

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/internal/forward"
	"github.com/mfpguard/mfpguard/core"
)

// Require returns a middleware that calls the next handler for a request whose token meets need,
// with the [core.Principal] in the context of c.Request. It aborts every other request with an
// answer, and adds the cause of the refusal to c.Errors. What middleware in front writes to
// c.Writer after a refusal is dropped, so that nothing follows the answer. The middleware is safe
// for concurrent use. Require panics if v is nil, if need is not valid, or if there is more than
// one Config: all are mistakes in the program.
func Require(v *core.Verifier, need core.Requirement, config ...Config) gin.HandlerFunc {
	guard, err := v.Guard(need)
	if err != nil {
		panic("ginguard: " + err.Error())
	}
	cfg := only(config)
	return func(c *gin.Context) {
		decided := false
		defer func() {
			if !decided { // a panic: Gin goes on with the next handler after a recovery that does not abort
				c.Abort()
			}
		}()
		if cfg.Next != nil && cfg.Next(c) {
			decided = true
			return
		}
		r := c.Request
		p, denial := guard.Authorize(r.Context(), core.Request{Authorization: r.Header["Authorization"]})
		if denial != nil {
			cfg.refuse(c, denial)
			return
		}
		decided = true
		ctx, end := guard.Context(r.Context(), p)
		c.Request = forward.Copy(ctx, r)
		defer leave(ctx, c, r, end)
		c.Next()
	}
}

// leave ends the context of an accepted request. The server's request gets what was found in the
// copy, and middleware in front still sees the Principal.
func leave(ctx context.Context, c *gin.Context, r *http.Request, end context.CancelFunc) {
	end()
	forward.Return(r, c.Request)
	if ctx.Err() != nil && r.Context().Err() == nil { // only for the handler
		p, _ := core.FromContext(ctx)
		c.Request = c.Request.WithContext(core.NewContext(r.Context(), p))
	}
}

// Principal returns the caller of an accepted request. It panics if there is none, as
// [core.MustFromContext] does: the route has no guard, the guard was skipped, or its requirement is
// Optional and the request came without a token. Gin's recovery middleware answers 500 then.
func Principal(c *gin.Context) core.Principal { return core.MustFromContext(c.Request.Context()) }
