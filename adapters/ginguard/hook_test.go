package ginguard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/adapters/internal/hooktest"
	"github.com/mfpguard/mfpguard/core"
)

// MW-04, MW-05, MW-08. A recovery that does not abort must not let the next handler run.
func TestHooks(t *testing.T) {
	for name, recovery := range map[string]gin.RecoveryFunc{
		"Gin's recovery":                 func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) },
		"a recovery that does not abort": func(c *gin.Context, _ any) { c.String(http.StatusInternalServerError, "recovered") },
	} {
		t.Run(name, func(t *testing.T) {
			hooktest.Run(t, func(t testing.TB, v *core.Verifier, routes ...hooktest.Route) string {
				r := gin.New()
				r.Use(gin.CustomRecoveryWithWriter(nil, recovery))
				for _, route := range routes {
					var chain []gin.HandlerFunc
					for _, g := range route.Guards {
						chain = append(chain, ginguard.Require(v, g.Need, configs(g)...))
					}
					r.Any(route.Path, append(chain, func(c *gin.Context) {
						c.String(http.StatusOK, "%s", route.Handle(c.Request.Context(), func() core.Principal { return ginguard.Principal(c) }))
					})...)
				}
				server := httptest.NewServer(r)
				t.Cleanup(server.Close)
				return server.Listener.Addr().String()
			})
		})
	}
}

func configs(g hooktest.Guard) (all []ginguard.Config) {
	for _, c := range g.Configs {
		var config ginguard.Config
		if c.Next != nil {
			config.Next = func(ctx *gin.Context) bool { return c.Next(ctx.FullPath()) }
		}
		if c.ErrorHandler != nil {
			config.ErrorHandler = func(ctx *gin.Context, d *core.Denial) { c.ErrorHandler(answer{ctx}, d) }
		}
		all = append(all, config)
	}
	return all
}

// answer implements hooktest.Answer.
type answer struct{ c *gin.Context }

func (a answer) Set(name, value string) { a.c.Header(name, value) }
func (a answer) Del(name string)        { a.c.Header(name, "") }
func (a answer) Status(code int)        { a.c.Status(code) }
func (a answer) Body(s string)          { a.c.Writer.WriteString(s) }
func (a answer) Write(d *core.Denial)   { ginguard.Write(a.c, d) }
