// Package fiberguard protects Fiber v2 routes with a [core.Verifier]. A guard made by [Require]
// lets a request through if its access token meets a [core.Requirement], and answers it otherwise:
//
//	app.Get("/balance", fiberguard.Require(v, core.AllOf("accessRestricted")), balance)
//
// The handler gets the caller, a [core.Principal], from [core.FromContext] with c.UserContext().
//
// Put a CORS middleware in front of the guard, not behind it: preflight requests carry no
// credentials.
//
// # Settings of the app
//
// An app that takes tokens needs two settings:
//
//	app := fiber.New(fiber.Config{
//		ErrorHandler:   fiberguard.ErrorHandler,
//		ReadBufferSize: 16 << 10,
//	})
//
// Fiber's default error handler sends the whole header of a request that it cannot parse back to
// the client, including the token; [ErrorHandler] does not. Fiber's default buffer holds 4096
// bytes, and Fiber answers 431 to a larger header. MobileFirst tokens have about a thousand bytes
// and may have several thousand.
//
// # Hooks
//
// [Config] skips the guard for some requests, or writes other answers. It cannot change the
// decision about a token.
package fiberguard

import (
	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/core"
)

// Config changes what a guard does with a request before and after the decision about its token.
// The zero value changes nothing.
type Config struct {
	// Next reports whether the guard is skipped for a request. Nil skips no request.
	Next func(*fiber.Ctx) bool
	// SuccessHandler runs instead of c.Next for an accepted request. Nil means c.Next.
	SuccessHandler fiber.Handler
	// ErrorHandler answers a refused request. It must not call the next handler. Nil means [Write].
	ErrorHandler func(*fiber.Ctx, *core.Denial) error
}

// Require returns a middleware that calls the next handler for a request whose token meets need,
// with the [core.Principal] in c.UserContext(). It answers every other request itself. The
// middleware is safe for concurrent use. Require panics if v is nil, if need is not valid, or if
// there is more than one Config: all are mistakes in the program.
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
