package fiberguard

import (
	"strings"
	"unsafe"

	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/core"
)

// authorization appends the values of all Authorization fields to buf. The values point into a
// buffer that Fiber reuses for the next request. Core reads them only during its call and copies
// what it keeps.
func authorization(c *fiber.Ctx, buf []string) []string {
	if c.App().Server().DisableHeaderNamesNormalizing {
		return anySpelling(c)
	}
	for _, value := range c.Request().Header.PeekAll(fiber.HeaderAuthorization) {
		buf = append(buf, unsafe.String(unsafe.SliceData(value), len(value)))
	}
	return buf
}

// anySpelling is for apps that do not normalize field names, where a lookup by name is
// case-sensitive.
func anySpelling(c *fiber.Ctx) (values []string) {
	for name, value := range c.Request().Header.All() {
		if strings.EqualFold(string(name), fiber.HeaderAuthorization) {
			values = append(values, string(value))
		}
	}
	return values
}

// Write answers a request with the denial. A guard uses it if Config.ErrorHandler is nil. A hook
// may call it first and then replace the body.
func Write(c *fiber.Ctx, d *core.Denial) error {
	h := &c.Response().Header
	for _, f := range d.Header {
		h.Del(f.Name)                                   // what an outer layer has set: clients take only one challenge
		h.SetCanonical([]byte(f.Name), []byte(f.Value)) // Set would respell the name
	}
	return c.Status(d.Status).SendString(d.Body)
}
