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

func ExampleRequire() {
	as := coretest.NewServer() // in production a MobileFirst server
	defer as.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.GET("/balance", ginguard.Require(v, core.AllOf("accessRestricted")), func(c *gin.Context) {
		user, _ := ginguard.Principal(c).User()
		c.String(http.StatusOK, "the balance of %s", user.ID)
	})

	call := func(token string) {
		req := httptest.NewRequest("GET", "/balance", nil)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		//lint:ignore SA1008 the guard writes the name as clients look for it, which Header.Get does not find in a recorder
		fmt.Println(w.Code, w.Header()["WWW-Authenticate"], w.Body)
	}
	call("")
	call(as.Mint(coretest.Grant{Scope: "RegisteredClient"}))
	call(as.Mint(coretest.Grant{Scope: "accessRestricted", User: &coretest.User{ID: "alice"}}))
	// Output:
	// 401 [Bearer] {"error":"missing_token"}
	// 403 [Bearer error="insufficient_scope", scope="accessRestricted"] {"error":"insufficient_scope"}
	// 200 [] the balance of alice
}
