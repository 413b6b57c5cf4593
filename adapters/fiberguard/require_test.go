package fiberguard_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// verifier asks an authorization server that is reached without a socket.
func verifier(t testing.TB) (*core.Verifier, *coretest.Server) {
	t.Helper()
	as := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: as.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v, as
}

// get asks an app for a path without a socket.
func get(t testing.TB, app *fiber.App, path, authorization string) (status int, header http.Header, body string) {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	res, err := app.Test(r, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

// The text of core follows the name of the package. What else panics is part of the suite.
func TestPanicNamesThePackage(t *testing.T) {
	v, _ := verifier(t)
	for _, test := range []struct {
		name    string
		v       *core.Verifier
		configs int
		want    string
	}{
		{"a nil Verifier", nil, 0, "fiberguard: core: the Verifier is nil: check the error of core.New"},
		{"two configs", v, 2, "fiberguard: more than one Config: merge them into one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != test.want {
					t.Errorf("panic %v, want %s", got, test.want)
				}
			}()
			fiberguard.Require(test.v, core.Authenticated(), make([]fiberguard.Config, test.configs)...)
		})
	}
}

func TestConfig(t *testing.T) {
	v, as := verifier(t)
	good := "Bearer " + as.Mint(coretest.Grant{ClientID: "c1"})
	for _, test := range []struct {
		name          string
		config        fiberguard.Config
		authorization string
		status        int
		body          string
	}{
		{"no hooks, no token", fiberguard.Config{}, "", 401, `{"error":"missing_token"}`},
		{"no hooks, a good token", fiberguard.Config{}, good, 200, "handler for c1"},
		{"Next skips the guard", fiberguard.Config{Next: func(c *fiber.Ctx) bool { return c.Path() == "/" }}, "", 200, "handler for nobody"},
		{"Next skips the guard for a good token too", fiberguard.Config{Next: func(*fiber.Ctx) bool { return true }}, good, 200, "handler for nobody"},
		{"Next does not skip", fiberguard.Config{Next: func(c *fiber.Ctx) bool { return c.Path() == "/open" }}, "", 401, `{"error":"missing_token"}`},
		{"ErrorHandler only for the refused", fiberguard.Config{ErrorHandler: page}, good, 200, "handler for c1"},
		{"ErrorHandler writes another body", fiberguard.Config{ErrorHandler: page}, "Bearer x", 401, "<p>invalid token</p>"},
		{"ErrorHandler hides the route", fiberguard.Config{ErrorHandler: func(*fiber.Ctx, *core.Denial) error { return fiber.ErrNotFound }}, "", 404, `{"error":"not_found"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler})
			app.Get("/", fiberguard.Require(v, core.Authenticated(), test.config), func(c *fiber.Ctx) error {
				return c.SendString("handler for " + client(c))
			})
			status, _, body := get(t, app, "/", test.authorization)
			if status != test.status || body != test.body {
				t.Errorf("%d %q, want %d %q", status, body, test.status, test.body)
			}
		})
	}
}

func client(c *fiber.Ctx) string {
	p, ok := core.FromContext(c.UserContext())
	if !ok {
		return "nobody"
	}
	return p.ClientID()
}

// page keeps the fields of the denial and writes a body of its own.
func page(c *fiber.Ctx, d *core.Denial) error {
	if err := fiberguard.Write(c, d); err != nil {
		return err
	}
	c.Type("html")
	if errors.Is(d.Cause, core.ErrInvalidToken) {
		return c.SendString("<p>invalid token</p>")
	}
	return c.SendString("<p>refused</p>")
}
