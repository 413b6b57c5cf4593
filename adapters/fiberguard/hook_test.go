package fiberguard_test

import (
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/adapters/internal/hooktest"
	"github.com/mfpguard/mfpguard/core"
)

// MW-04, MW-05, MW-08
func TestHooks(t *testing.T) {
	for name, raw := range map[string]bool{"as recommended": false, "DisableHeaderNormalizing": true} {
		t.Run(name, func(t *testing.T) {
			hooktest.Run(t, func(t testing.TB, v *core.Verifier, routes ...hooktest.Route) string {
				app := fiber.New(fiber.Config{
					DisableStartupMessage: true, DisableHeaderNormalizing: raw, ErrorHandler: fiberguard.ErrorHandler,
				})
				app.Use(recover.New())
				for _, route := range routes {
					var chain []fiber.Handler
					for _, g := range route.Guards {
						chain = append(chain, fiberguard.Require(v, g.Need, configs(g)...))
					}
					app.All(route.Path, append(chain, func(c *fiber.Ctx) error {
						return c.SendString(route.Handle(c.UserContext(), func() core.Principal { return fiberguard.Principal(c) }))
					})...)
				}
				return start(t, app)
			})
		})
	}
}

func configs(g hooktest.Guard) (all []fiberguard.Config) {
	for _, c := range g.Configs {
		var config fiberguard.Config
		if c.Next != nil {
			config.Next = func(ctx *fiber.Ctx) bool { return c.Next(ctx.Path()) }
		}
		if c.ErrorHandler != nil {
			config.ErrorHandler = func(ctx *fiber.Ctx, d *core.Denial) error {
				c.ErrorHandler(answer{ctx}, d)
				return nil
			}
		}
		all = append(all, config)
	}
	return all
}

// answer implements hooktest.Answer.
type answer struct{ c *fiber.Ctx }

func (a answer) Set(name, value string) { a.c.Set(name, value) }
func (a answer) Del(name string)        { a.c.Response().Header.Del(name) }
func (a answer) Status(code int)        { a.c.Status(code) }
func (a answer) Body(s string)          { a.c.Response().AppendBodyString(s) }
func (a answer) Write(d *core.Denial)   { fiberguard.Write(a.c, d) }
