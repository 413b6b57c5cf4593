// Package ginguard protects Gin routes with a [core.Verifier]. A guard made by [Require] lets a
// request through if its access token meets a [core.Requirement], and answers it otherwise:
//
//	r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")), balance)
//
// The handler gets the caller, a [core.Principal], from [core.FromContext] with
// c.Request.Context().
//
// Put a CORS middleware in front of the guard, not behind it: preflight requests carry no
// credentials.
//
// Challenges are sent in a field that is spelled WWW-Authenticate, because MobileFirst clients look
// for that spelling. It is not Go's canonical one (Www-Authenticate), so [net/http.Header.Get] does
// not find it in the recorder of a test. Look it up as w.Header()["WWW-Authenticate"].
package ginguard

import (
	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/core"
)

// Require returns a middleware that calls the next handler for a request whose token meets need,
// with the [core.Principal] in the context of c.Request. It aborts every other request with an
// answer. The middleware is safe for concurrent use. Require panics if v is nil or need is not
// valid: both are mistakes in the program.
func Require(v *core.Verifier, need core.Requirement) gin.HandlerFunc {
	guard, err := v.Guard(need)
	if err != nil {
		panic("ginguard: " + err.Error())
	}
	return func(c *gin.Context) {
		ctx := c.Request.Context()
		p, denial := guard.Authorize(ctx, core.Request{Authorization: c.Request.Header["Authorization"]})
		if denial != nil {
			abort(c, denial)
			return
		}
		c.Request = c.Request.WithContext(core.NewContext(ctx, p))
		c.Next()
	}
}

// abort copies the denial to the answer and ends the chain. It assigns to the map, because
// Header.Set would change the spelling of the names. It deletes both spellings of a field that an
// outer layer has set, because clients read only one challenge.
func abort(c *gin.Context, d *core.Denial) {
	h := c.Writer.Header()
	for _, f := range d.Header {
		h.Del(f.Name)
		h[f.Name] = []string{f.Value}
	}
	c.AbortWithStatus(d.Status)
	c.Writer.WriteString(d.Body) // an error means that the client has gone
}
