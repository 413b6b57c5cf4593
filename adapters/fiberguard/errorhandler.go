package fiberguard

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// ErrorHandler is for fiber.Config.ErrorHandler, and every app that takes tokens needs it or one like it: the default one
// sends err.Error() to the client, and for a request that cannot be parsed that text is the whole header, token included.
//
//	app := fiber.New(fiber.Config{ErrorHandler: fiberguard.ErrorHandler, ReadBufferSize: 16 << 10})
//
// It answers with the status of a *fiber.Error, or 500, and one line of JSON made from nothing but that status. A handler of
// your own must not send the text of errors with status 400 either, nor log it.
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
