// Package ginguard protects Gin routes with a core.Verifier.
//
//	r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")), balance)
//
// The handler finds the caller with core.FromContext(c.Request.Context()). Put a CORS middleware in front of the guard, not
// behind it: preflight requests carry no credentials.
//
// A challenge goes out under the name WWW-Authenticate in that spelling, and not in Go's canonical one. In a test with a
// httptest.ResponseRecorder look it up as w.Header()["WWW-Authenticate"]: Header.Get does not find it.
package ginguard

import (
	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/core"
)

// Require returns a middleware that lets a request through to the next handler if its token meets need, with the
// core.Principal in the context of c.Request, and aborts it otherwise. It panics if v is nil or need is not valid, which can
// only be a mistake in the program.
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

// abort copies the denial. The names go into the map as they are, because Header.Set would respell them; what an outer layer
// has set goes away in either spelling, because clients take only one challenge.
func abort(c *gin.Context, d *core.Denial) {
	h := c.Writer.Header()
	for _, f := range d.Header {
		h.Del(f.Name)
		h[f.Name] = []string{f.Value}
	}
	c.AbortWithStatus(d.Status)
	c.Writer.WriteString(d.Body) // an error means that the client has gone
}
