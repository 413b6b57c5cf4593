package fiberguard

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// ErrorHandler is for fiber.Config.ErrorHandler. Every app that takes tokens needs it or a handler
// like it. Fiber's default handler sends err.Error() to the client, and the error for a request
// that cannot be parsed contains the whole header, including the token.
//
//	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler, ReadBufferSize: 16 << 10})
//
// The answer has the status of a *fiber.Error, or 500 for any other error. Its body is one line of
// JSON that depends on the status only.
//
// A handler of your own must neither send nor log the text of an error with status 400.
func ErrorHandler(c *fiber.Ctx, err error) error {
	status := fiber.StatusInternalServerError
	if e, ok := errors.AsType[*fiber.Error](err); ok && e.Code >= 400 && e.Code < 600 {
		status = e.Code
	}
	code := strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
	if code == "" {
		code = "error"
	}
	c.Response().Header.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSON)
	return c.Status(status).SendString(`{"error":"` + code + `"}`)
}
