package fiberguard

import (
	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/core"
)

// Config changes what a guard does with a request before and after the decision about its token.
// The zero value changes nothing. If one of its functions panics, the request does not reach the
// next handler, and the panic goes to Fiber's recover middleware, which an app with such functions
// needs.
type Config struct {
	// Next reports whether the guard is skipped for a request. Nil skips no request. A skipped
	// request has no Principal, whatever its token.
	Next func(*fiber.Ctx) bool
	// ErrorHandler answers a refused request. Nil means [Write].
	//
	// The status and the fields of the denial are set before it runs, and it may change or delete
	// them with c.Status and c.Set. To hide that there is a route, delete WWW-Authenticate. If it
	// neither writes a body nor changes the status nor returns an error, the denial is written as it
	// is. It must not call c.Next: the next handler would run, without a Principal.
	ErrorHandler func(*fiber.Ctx, *core.Denial) error
}

// only returns the Config of a variable argument.
func only(config []Config) Config {
	switch len(config) {
	case 0:
		return Config{}
	case 1:
		return config[0]
	}
	panic("fiberguard: more than one Config: merge them into one")
}

func (cfg *Config) refuse(c *fiber.Ctx, d *core.Denial) error {
	if c.Request().IsBodyStream() { // left unread, its rest would be taken for the next request on the connection
		c.Response().SetConnectionClose()
	}
	if cfg.ErrorHandler == nil {
		return Write(c, d)
	}
	status := d.Status // the hook may change the denial
	prepare(c, d)
	c.Status(status).Response().ResetBody() // of a layer in front
	err := cfg.ErrorHandler(c, d)
	// A stream is not looked at, because that would read it to its end.
	if res := c.Response(); err == nil && res.StatusCode() == status && !res.IsBodyStream() && len(res.Body()) == 0 {
		return Write(c, d)
	}
	respell(&c.Response().Header)
	return err
}
