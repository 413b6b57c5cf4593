package ginguard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/ginguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// A company's own error format. The challenge and the other fields of the denial stay.
func ExampleConfig() {
	as := coretest.NewServer()
	defer as.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginguard.Require(v, core.Authenticated(), ginguard.Config{
		Next: func(c *gin.Context) bool { return c.FullPath() == "/health" },
		ErrorHandler: func(c *gin.Context, d *core.Denial) {
			c.Header("Content-Type", "application/problem+json")
			c.JSON(d.Status, gin.H{"title": http.StatusText(d.Status), "status": d.Status, "code": d.Reason})
		},
	}))
	r.GET("/health", func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	r.GET("/account", func(c *gin.Context) { c.String(http.StatusOK, ginguard.Principal(c).ClientID()) })

	for _, path := range []string{"/health", "/account"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		//lint:ignore SA1008 the guard writes the name as clients look for it, which Header.Get does not find in a recorder
		fmt.Println(w.Code, w.Header()["WWW-Authenticate"], w.Body)
	}
	// Output:
	// 200 [] ok
	// 401 [Bearer] {"code":"no_token","status":401,"title":"Unauthorized"}
}

// A hook counts the refusals and answers them as Require does.
func ExampleWrite() {
	as := coretest.NewServer()
	defer as.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	refused := map[core.Reason]int{}
	r := gin.New()
	r.GET("/account", ginguard.Require(v, core.Authenticated(), ginguard.Config{
		ErrorHandler: func(c *gin.Context, d *core.Denial) {
			refused[d.Reason]++
			ginguard.Write(c, d)
		},
	}))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Println(w.Code, w.Body, refused)
	// Output:
	// 401 {"error":"missing_token"} map[no_token:1]
}
