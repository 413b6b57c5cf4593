package fiberguard

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/mfpguard/mfpguard/adapters/internal/refusal"
	"github.com/mfpguard/mfpguard/core"
)

// authorization appends the values of all Authorization fields to buf, in any spelling of the name:
// a server may leave the names as they came (Fiber's DisableHeaderNormalizing, fasthttp's
// DisableHeaderNamesNormalizing). The values point into a buffer that Fiber reuses for the next
// request. Core reads them only during its call and copies what it keeps.
func authorization(c *fiber.Ctx, buf []string) []string {
	for name, value := range c.Request().Header.All() {
		if len(name) == len(fiber.HeaderAuthorization) && bytes.EqualFold(name, authorizationName) {
			buf = append(buf, unsafe.String(unsafe.SliceData(value), len(value)))
		}
	}
	return buf
}

var authorizationName = []byte(fiber.HeaderAuthorization)

// Write answers a request with the denial: status, fields and body. A guard uses it if
// Config.ErrorHandler is nil. A hook may change the denial first, which belongs to it, or call
// Write first and then replace the body.
//
// Fields that a layer in front has set for another answer are replaced or deleted: other
// challenges, Content-Encoding, ETag, Last-Modified, Expires and the like.
func Write(c *fiber.Ctx, d *core.Denial) error {
	prepare(c, d)
	respell(&c.Response().Header)
	return c.Status(d.Status).SendString(d.Body)
}

// prepare replaces the stale fields of an answer by those of the denial, spelled as c.Set does, so
// that a hook can use c.Set.
func prepare(c *fiber.Ctx, d *core.Denial) {
	h := &c.Response().Header
	for _, name := range refusal.Stale {
		remove(h, name)
	}
	for _, f := range d.Header {
		h.Set(f.Name, f.Value)
	}
}

// respell gives the fields of refusal.Spelled their spelling. Where there are several of a name,
// the last one counts: it is the hook's.
func respell(h *fasthttp.ResponseHeader) {
	for _, name := range refusal.Spelled {
		if values := remove(h, name); len(values) > 0 {
			h.SetCanonical([]byte(name), []byte(values[len(values)-1]))
		}
	}
}

// remove deletes a field in all spellings and returns its values.
func remove(h *fasthttp.ResponseHeader, name string) (values []string) {
	var spellings []string
	for key, value := range h.All() {
		if strings.EqualFold(string(key), name) {
			spellings, values = append(spellings, string(key)), append(values, string(value))
		}
	}
	for _, s := range spellings {
		h.Del(s)
	}
	return values
}
