package fiberguard_test

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"

	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// A hook counts the refusals and answers them as Require does.
func ExampleWrite() {
	as := coretest.NewServer()
	defer as.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	expired := 0
	guard := fiberguard.Require(v, core.Authenticated(), fiberguard.Config{
		ErrorHandler: func(c *fiber.Ctx, d *core.Denial) error {
			if errors.Is(d.Cause, core.ErrInvalidToken) {
				expired++
			}
			return fiberguard.Write(c, d)
		},
	})
	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler})
	app.Get("/account", guard, func(c *fiber.Ctx) error { return c.SendString("yours") })

	revoked := as.Mint(coretest.Grant{})
	as.Revoke(revoked)
	for _, authorization := range []string{"Bearer " + revoked, "Basic dTpw", "Bearer " + as.Mint(coretest.Grant{})} {
		r := httptest.NewRequest("GET", "/account", nil)
		r.Header.Set("Authorization", authorization)
		res, err := app.Test(r, -1)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Println(res.StatusCode, string(body))
	}
	fmt.Println(expired, "with a token that is no longer valid")
	// Output:
	// 401 {"error":"invalid_token"}
	// 401 {"error":"missing_token"}
	// 200 yours
	// 1 with a token that is no longer valid
}

// The client gets the status of an error and nothing of its text.
func ExampleErrorHandler() {
	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler, ReadBufferSize: 16 << 10})
	app.Get("/full", func(*fiber.Ctx) error { return fiber.NewError(fiber.StatusInsufficientStorage, "disk 7 is full") })
	app.Get("/broken", func(*fiber.Ctx) error { return errors.New("dial tcp 10.0.0.7:5432: connection refused") })

	for _, path := range []string{"/full", "/broken", "/unknown"} {
		res, err := app.Test(httptest.NewRequest("GET", path, nil), -1)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Println(res.StatusCode, string(body))
	}
	// Output:
	// 507 {"error":"insufficient_storage"}
	// 500 {"error":"internal_server_error"}
	// 404 {"error":"not_found"}
}
