package ginguard_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/adaptertest"
	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/core"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	adaptertest.Run(t, func(t testing.TB, v *core.Verifier, routes []adaptertest.Route) string {
		r := gin.New()
		for _, route := range routes {
			outer := func(c *gin.Context) {
				c.Request = c.Request.WithContext(route.Outer(c.Request.Context(), c.Header))
			}
			r.Any(route.Path, outer, ginguard.Require(v, route.Need), func(c *gin.Context) {
				c.String(http.StatusOK, "%s", route.Handle(c.Request.Context()))
			})
		}
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	})
}
