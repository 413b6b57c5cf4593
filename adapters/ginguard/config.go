package ginguard

import (
	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/internal/refusal"
	"github.com/mfpguard/mfpguard/core"
)

// Config changes what a guard does with a request before and after the decision about its token.
// The zero value changes nothing. If one of its functions panics, the request does not reach the
// next handler, and the panic goes to Gin's recovery middleware.
type Config struct {
	// Next reports whether the guard is skipped for a request. Nil skips no request. A skipped
	// request has no Principal, whatever its token.
	Next func(*gin.Context) bool
	// ErrorHandler answers a refused request, which is aborted already. Nil means [Write].
	//
	// The status and the fields of the denial are set before it runs, and it may change or delete
	// them with c.Status and c.Header. To hide that there is a route, delete WWW-Authenticate. If it
	// neither writes nor changes the status, the denial is written as it is.
	ErrorHandler func(*gin.Context, *core.Denial)
}

// only returns the Config of a variable argument.
func only(config []Config) Config {
	switch len(config) {
	case 0:
		return Config{}
	case 1:
		return config[0]
	}
	panic("ginguard: more than one Config: merge them into one")
}

func (cfg *Config) refuse(c *gin.Context, d *core.Denial) {
	c.Abort()
	c.Error(d.Cause)
	status := d.Status // a hook may change the denial
	refusal.Prepare(c.Writer, d)
	a := &answer{ResponseWriter: c.Writer}
	c.Writer = a
	c.Status(status)
	if cfg.ErrorHandler != nil {
		cfg.ErrorHandler(c, d)
	}
	if !a.Written() && a.Status() == status {
		c.Writer = a // a hook may have put another in its place
		Write(c, d)
	}
	a.close()
}
