// Package fiberguard protects Fiber v2 routes with a core.Verifier.
//
//	app.Get("/balance", fiberguard.Require(v, core.AllOf("accessRestricted")), balance)
//
// The handler finds the caller with core.FromContext(c.UserContext()). Put a CORS middleware in front of the guard, not
// behind it: preflight requests carry no credentials.
//
// Two settings of the app belong to it:
//
//	app := fiber.New(fiber.Config{
//		ErrorHandler:   fiberguard.ErrorHandler,
//		ReadBufferSize: 16 << 10,
//	})
//
// Fiber's own error handler shows the whole header of a request that it cannot parse, token included. And Fiber answers 431
// to a header above 4 096 bytes, while MobileFirst tokens are about a thousand bytes long and may be several thousand.
package fiberguard

import (
	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/core"
)

// Config is for those who need more than Require. The hooks decide nothing about a token.
type Config struct {
	// Next skips the guard for a request when it returns true. Nil skips none.
	Next func(*fiber.Ctx) bool
	// SuccessHandler runs instead of c.Next for an accepted request. Nil means c.Next.
	SuccessHandler fiber.Handler
	// ErrorHandler answers a refused request. It must not let it pass. Nil means the denial as it is.
	ErrorHandler func(*fiber.Ctx, *core.Denial) error
}

// Require returns a middleware that lets a request through to the next handler if its token meets need, with the
// core.Principal in c.UserContext(), and answers it otherwise. It panics if v is nil or need is not valid, or for more than
// one Config, which can only be a mistake in the program.
func Require(v *core.Verifier, need core.Requirement, config ...Config) fiber.Handler {
	guard, err := v.Guard(need)
	if err != nil {
		panic("fiberguard: " + err.Error())
	}
	if len(config) > 1 {
		panic("fiberguard: more than one Config: merge them into one")
	}
	cfg := Config{}
	if len(config) == 1 {
		cfg = config[0]
	}
	if cfg.SuccessHandler == nil {
		cfg.SuccessHandler = (*fiber.Ctx).Next
	}
	if cfg.ErrorHandler == nil {
		cfg.ErrorHandler = Write
	}
	return func(c *fiber.Ctx) error {
		if cfg.Next != nil && cfg.Next(c) {
			return c.Next()
		}
		var buf [2]string // keeps a hit free of allocations; two are enough to refuse
		ctx := c.UserContext()
		p, denial := guard.Authorize(ctx, core.Request{Authorization: authorization(c, buf[:0])})
		if denial != nil {
			if c.Request().IsBodyStream() { // left unread, its rest would be taken for the next request on the connection
				c.Response().SetConnectionClose()
			}
			return cfg.ErrorHandler(c, denial)
		}
		c.SetUserContext(core.NewContext(ctx, p))
		return cfg.SuccessHandler(c)
	}
}
