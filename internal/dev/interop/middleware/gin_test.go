package middleware_test

import (
	"net/http"
	"os"
	"testing"

	gincors "github.com/gin-contrib/cors"
	gingzip "github.com/gin-contrib/gzip"
	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// MW-03: see stack.verify.
func TestGin(t *testing.T) {
	zip := gingzip.Gzip(gingzip.DefaultCompression)
	origin := gincors.New(gincors.Config{AllowOrigins: []string{"https://app.test"}, AllowMethods: []string{"GET"}})
	for _, s := range []struct {
		name          string
		outside       []layer // in front of Gin
		front, behind []gin.HandlerFunc
		cors          bool
	}{
		{"nothing", nil, nil, nil, false},
		{"gzip in front", nil, []gin.HandlerFunc{zip}, nil, false},
		{"gzip behind", nil, nil, []gin.HandlerFunc{zip}, false},
		{"cors in front", nil, []gin.HandlerFunc{origin}, nil, true},
		{"cors, gzip in front", nil, []gin.HandlerFunc{origin, zip}, nil, true},
		{"gzip, cors in front", nil, []gin.HandlerFunc{zip, origin}, nil, true},
		{"error middleware in front", nil, []gin.HandlerFunc{showErrors}, nil, false},
		{"error middleware, gzip in front", nil, []gin.HandlerFunc{showErrors, zip}, nil, false},
		{"gzip, error middleware in front", nil, []gin.HandlerFunc{zip, showErrors}, nil, false},
		{"gzhttp in front of Gin", []layer{gz(t)}, nil, nil, false},
		{"rs/cors, TimeoutHandler in front of Gin, error middleware", []layer{allowOrigin, timeout}, []gin.HandlerFunc{showErrors}, nil, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			stack{s.name, s.cors, func(t *testing.T, v *core.Verifier, log func(status, size int)) string {
				r := gin.New()
				if s.outside == nil {
					r.Use(func(c *gin.Context) { // as gin.Logger
						c.Next()
						log(c.Writer.Status(), c.Writer.Size())
					})
				}
				r.Use(s.front...)
				for _, hook := range hooks {
					chain := append([]gin.HandlerFunc{ginguard.Require(v, core.AllOf("read"), ginConfig(hook.text))}, s.behind...)
					r.GET(hook.path, append(chain, func(c *gin.Context) { c.String(http.StatusOK, page) })...)
				}
				h := wrap(r, s.outside)
				if s.outside != nil {
					h = accessLog(h, log)
				}
				return listen(t, h)
			}}.verify(t)
		})
	}
}

func ginConfig(text string) (c ginguard.Config) {
	if text != "" {
		c.ErrorHandler = func(c *gin.Context, d *core.Denial) {
			c.Data(d.Status, "application/problem+json", []byte(text))
		}
	}
	return c
}

// MW-03: an answer without a body has no Content-Encoding, behind gzip either.
func TestGinHookWithoutBody(t *testing.T) {
	as := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: as.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, hook := range map[string]func(*gin.Context, *core.Denial){
		"c.AbortWithStatus": func(c *gin.Context, _ *core.Denial) { c.AbortWithStatus(http.StatusNotFound) },
		"c.Status":          func(c *gin.Context, _ *core.Denial) { c.Status(http.StatusNotFound) },
	} {
		r := gin.New()
		r.Use(gingzip.Gzip(gingzip.DefaultCompression))
		r.GET("/", ginguard.Require(v, core.Authenticated(), ginguard.Config{ErrorHandler: hook}))
		if x := ask(t, listen(t, r), "/", "Accept-Encoding: gzip"); x.status != 404 || x.body != "" || x.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: want 404 and no more, got\n%s%s", name, x.raw, x.body)
		}
	}
}

// showErrors is error middleware as Gin's documentation shows it.
func showErrors(c *gin.Context) {
	c.Next()
	if len(c.Errors) > 0 {
		c.JSON(http.StatusInternalServerError, gin.H{"error": c.Errors.Last().Error()})
	}
}
