package fiberguard_test

import (
	"fmt"
	"io"
	"net/http/httptest"

	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
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
	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler, ReadBufferSize: 16 << 10})
	app.Get("/balance", fiberguard.Require(v, core.AllOf("accessRestricted")), func(c *fiber.Ctx) error {
		user, _ := fiberguard.Principal(c).User()
		return c.SendString("the balance of " + user.ID)
	})

	call := func(token string) {
		r := httptest.NewRequest("GET", "/balance", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := app.Test(r, -1)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		fmt.Println(res.StatusCode, res.Header.Values("WWW-Authenticate"), string(body))
	}
	call("")
	call(as.Mint(coretest.Grant{Scope: "RegisteredClient"}))
	call(as.Mint(coretest.Grant{Scope: "accessRestricted", User: &coretest.User{ID: "alice"}}))
	// Output:
	// 401 [Bearer] {"error":"missing_token"}
	// 403 [Bearer error="insufficient_scope", scope="accessRestricted"] {"error":"insufficient_scope"}
	// 200 [] the balance of alice
}

// A hook shows a page to browsers; the fields of the denial stay.
func ExampleConfig() {
	as := coretest.NewServer()
	defer as.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := fiberguard.Require(v, core.Authenticated(), fiberguard.Config{
		Next: func(c *fiber.Ctx) bool { return c.Path() == "/health" },
		ErrorHandler: func(c *fiber.Ctx, d *core.Denial) error {
			if err := fiberguard.Write(c, d); err != nil || c.Accepts("json", "html") != "html" {
				return err
			}
			return c.Type("html").SendString("<p>Please sign in.</p>")
		},
	})
	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler})
	app.Use(guard)
	app.Get("/health", func(c *fiber.Ctx) error { return c.SendString("ok") })

	for _, path := range []string{"/health", "/account"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		res, err := app.Test(r, -1)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		fmt.Println(res.StatusCode, string(body))
	}
	// Output:
	// 200 ok
	// 401 <p>Please sign in.</p>
}
