// Package fiberguard protects Fiber v2 routes with a [core.Verifier]. A guard made by [Require]
// lets a request through if its access token meets a [core.Requirement], and answers it otherwise:
//
//	app.Get("/balance", fiberguard.Require(v, core.AllOf("accessRestricted")), balance)
//
// The handler gets the caller, a [core.Principal], from [Principal]. If the requirement is
// Optional, use [core.FromContext] with c.UserContext().
//
// Put a CORS middleware in front of the guard, not behind it: preflight requests carry no
// credentials. Compressors, ETags and loggers may be on either side.
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

// Require returns a middleware that calls the next handler for a request whose token meets need,
// with the [core.Principal] in c.UserContext(). It answers every other request itself. The
// middleware is safe for concurrent use. Require panics if v is nil, if need is not valid, or if
// there is more than one Config: all are mistakes in the program.
func Require(v *core.Verifier, need core.Requirement, config ...Config) fiber.Handler {
	guard, err := v.Guard(need)
	if err != nil {
		panic("fiberguard: " + err.Error())
	}
	cfg := only(config)
	return func(c *fiber.Ctx) error {
		if cfg.Next != nil && cfg.Next(c) {
			return c.Next()
		}
		var buf [2]string // keeps a hit free of allocations; two are enough to refuse
		outer := c.UserContext()
		p, denial := guard.Authorize(outer, core.Request{Authorization: authorization(c, buf[:0])})
		if denial != nil {
			return cfg.refuse(c, denial)
		}
		ctx, end := guard.Context(outer, p)
		c.SetUserContext(ctx)
		defer func() {
			end()
			if ctx.Err() != nil && outer.Err() == nil { // only for the handler; what is in front still sees p
				c.SetUserContext(core.NewContext(outer, p))
			}
		}()
		return c.Next()
	}
}

// Principal returns the caller of an accepted request. It panics if there is none, as
// [core.MustFromContext] does: the route has no guard, the guard was skipped, or its requirement is
// Optional and the request came without a token. Use Fiber's recover middleware, which turns a
// panic into an error with status 500: without it, a panic ends the process.
func Principal(c *fiber.Ctx) core.Principal { return core.MustFromContext(c.UserContext()) }
