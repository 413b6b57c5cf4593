package fiberguard_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// MW-07: in a server that leaves the names of fields as they come, credentials are found in any spelling, and two are ambiguous.
func TestServerWithRawNames(t *testing.T) {
	v, as := verifier(t)
	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler})
	app.Use(func(c *fiber.Ctx) error {
		c.Set("www-authenticate", "Basic")
		c.Set("etag", "x")
		return c.Next()
	})
	app.Get("/", fiberguard.Require(v, core.Authenticated()), func(c *fiber.Ctx) error { return c.SendString(client(c)) })
	app.Get("/hook", fiberguard.Require(v, core.Authenticated(), fiberguard.Config{ErrorHandler: page}))
	addr := startRaw(t, app)
	good := "Bearer " + as.Mint(coretest.Grant{ClientID: "c1"})
	for _, test := range []struct{ name, path, fields, status, challenge, end string }{
		{"lower case", "/", "authorization: " + good, "200", "", "c1"},
		{"upper case", "/", "AUTHORIZATION: " + good, "200", "", "c1"},
		{"the usual spelling", "/", "Authorization: " + good, "200", "", "c1"},
		{"two spellings", "/", "Authorization: " + good + "\r\nauthorization: " + good, "400", `Bearer error="invalid_request"`, `{"error":"invalid_request"}`},
		{"two in lower case", "/", "authorization: " + good + "\r\nauthorization: " + good, "400", `Bearer error="invalid_request"`, `{"error":"invalid_request"}`},
		{"another field of that length", "/", "Authorizatiom: " + good, "401", "Bearer", `{"error":"missing_token"}`},
		{"a hook", "/hook", "authorization: Bearer x", "401", `Bearer error="invalid_token"`, "<p>invalid token</p>"},
	} {
		answer := raw(t, addr, "GET "+test.path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"+test.fields+"\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 "+test.status) || !strings.HasSuffix(answer, "\r\n\r\n"+test.end) {
			t.Errorf("%s: got\n%s\nwant %s and %s", test.name, answer, test.status, test.end)
		}
		if test.challenge != "" && (!strings.Contains(answer, "\r\nWWW-Authenticate: "+test.challenge+"\r\n") ||
			strings.Count(strings.ToLower(answer), "www-authenticate") != 1 || strings.Contains(answer, "etag")) {
			t.Errorf("%s: got\n%s\nwant the challenge %s alone, and no etag", test.name, answer, test.challenge)
		}
	}
}

// MW-02: the route that middleware in front sees is the same as without the guard.
func TestRouteIsSeenInFront(t *testing.T) {
	v, as := verifier(t)
	seen := func(guards ...fiber.Handler) (said string) {
		app := fiber.New()
		app.Use(func(c *fiber.Ctx) error {
			err := c.Next()
			said = fmt.Sprint(c.Route().Path, " ", c.Route().Method, " ", c.Params("id"))
			return err
		})
		app.Get("/a/:id", append(guards, func(*fiber.Ctx) error { return nil })...)
		get(t, app, "/a/7", "Bearer "+as.Mint(coretest.Grant{}))
		return said
	}
	without, with := seen(), seen(fiberguard.Require(v, core.Authenticated()))
	if want := "/a/:id GET 7"; without != want || with != want {
		t.Errorf("without a guard %q, with one %q, want %q", without, with, want)
	}
}

// MW-04: a hook that calls the next handler, which it must not, does not make it answer for a caller.
func TestHookThatCallsNextHasNoCaller(t *testing.T) {
	v, _ := verifier(t)
	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler})
	app.Use(recover.New())
	app.Get("/", fiberguard.Require(v, core.Authenticated(), fiberguard.Config{
		ErrorHandler: func(c *fiber.Ctx, _ *core.Denial) error { return c.Next() },
	}), func(c *fiber.Ctx) error { return c.SendString(fiberguard.Principal(c).ClientID()) })
	if status, _, body := get(t, app, "/", "Bearer x"); status != 500 || body != `{"error":"internal_server_error"}` {
		t.Errorf("%d %s, want 500", status, body)
	}
}

// MW-04: the body of a layer in front is no body of the hook; an error of the hook goes to the app's ErrorHandler, with the
// denial's fields.
func TestHookBesideOtherBodies(t *testing.T) {
	v, _ := verifier(t)
	for name, test := range map[string]struct {
		hook   func(*fiber.Ctx, *core.Denial) error
		status int
		body   string
	}{
		"it writes nothing": {func(*fiber.Ctx, *core.Denial) error { return nil }, 401, `{"error":"missing_token"}`},
		"it streams":        {func(c *fiber.Ctx, _ *core.Denial) error { return c.SendStream(strings.NewReader("stream")) }, 401, "stream"},
		"it returns":        {func(*fiber.Ctx, *core.Denial) error { return fiber.ErrTeapot }, 418, `{"error":"i'm_a_teapot"}`},
		"it sends a status": {func(c *fiber.Ctx, _ *core.Denial) error { return c.SendStatus(404) }, 404, "Not Found"},
		"it calls Write and sets another challenge": {func(c *fiber.Ctx, d *core.Denial) error {
			defer c.Set("WWW-Authenticate", "Bearer")
			return fiberguard.Write(c, d)
		}, 401, `{"error":"missing_token"}`},
	} {
		app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler})
		app.Use(func(c *fiber.Ctx) error {
			c.SendString("of a layer in front")
			return c.Next()
		})
		app.Get("/", fiberguard.Require(v, core.Authenticated(), fiberguard.Config{ErrorHandler: test.hook}))
		res, err := app.Test(httptest.NewRequest("GET", "/", nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if challenge := res.Header.Values("WWW-Authenticate"); res.StatusCode != test.status || string(body) != test.body ||
			len(challenge) != 1 || challenge[0] != "Bearer" {
			t.Errorf("%s: %d %s %q, want %d %s and one challenge", name, res.StatusCode, body, challenge, test.status, test.body)
		}
	}
}

// MW-10: what ends with the token is the handler's context. Middleware in front sees the Principal afterwards, in a context that
// goes on.
func TestPrincipalInFrontAfterwards(t *testing.T) {
	v, as := verifier(t)
	for _, need := range []core.Requirement{core.Authenticated(), core.Authenticated().UntilExpiry()} {
		app := fiber.New()
		seen := ""
		app.Use(func(c *fiber.Ctx) error {
			err := c.Next()
			seen = fiberguard.Principal(c).ClientID()
			if err := c.UserContext().Err(); err != nil {
				t.Error(err)
			}
			return err
		})
		app.Get("/", fiberguard.Require(v, need), func(*fiber.Ctx) error { return nil })
		get(t, app, "/", "Bearer "+as.Mint(coretest.Grant{ClientID: "c1"}))
		if seen != "c1" {
			t.Errorf("the middleware in front sees %q, want c1", seen)
		}
	}
}
