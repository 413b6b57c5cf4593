// Package refusal holds what the adapters share about the answer to a refused request.
package refusal

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/mfpguard/mfpguard/core"
)

// Stale are the response fields of a layer in front that do not fit a refusal. They describe
// another body, permit to store the answer, or tell the client what only a refusal may tell. An
// adapter deletes them before it sets those of the denial.
//
// Content-Encoding is one of them. See [Prepare] for when it stays.
var Stale = [...]string{
	"Accept-Ranges", "Age", "Content-Digest", "Content-Disposition", contentEncoding, "Content-Language",
	"Content-Length", "Content-Location", "Content-Md5", "Content-Range", "Content-Type", "Digest", "Etag",
	"Last-Modified", "Repr-Digest", "Trailer",
	"Cache-Control", "Cdn-Cache-Control", "Expires", "Pragma", "Surrogate-Control",
	"Mfp-Conflict", "Retry-After", "Www-Authenticate",
}

const contentEncoding = "Content-Encoding"

// Spelled are the response fields whose spelling MobileFirst clients depend on. No framework spells
// them like this by itself.
var Spelled = [...]string{"WWW-Authenticate", "MFP-Conflict"}

// Prepare replaces the stale fields by those of the denial, spelled as net/http does, so that a
// hook can use Header.Set and Header.Del. [Respell] comes later.
//
// Content-Encoding stays if w is not the server's own writer. It may be a compressor then: many set
// the field first and encode all that is written.
func Prepare(w http.ResponseWriter, d *core.Denial) {
	h := w.Header()
	encoding := h[contentEncoding]
	for _, name := range Stale {
		h.Del(name)
	}
	for _, name := range Spelled {
		delete(h, name)
	}
	if encoding != nil && mayEncode(w) {
		h[contentEncoding] = encoding
	}
	for _, f := range d.Header {
		h.Set(f.Name, f.Value)
	}
}

// Respell gives the fields of [Spelled] their spelling, just before the header is sent. If a field
// is there in both spellings, the program has written the right one itself, and that is kept.
func Respell(h http.Header) {
	for _, name := range Spelled {
		canonical := http.CanonicalHeaderKey(name)
		if values, ok := h[canonical]; ok {
			if _, both := h[name]; !both {
				h[name] = values
			}
			delete(h, canonical)
		}
	}
}

// mayEncode reports whether w may change the body: it belongs neither to net/http nor to Gin.
func mayEncode(w http.ResponseWriter) bool {
	for {
		from := packageOf(w)
		if from == "net/http" || strings.HasPrefix(from, "net/http/") {
			return false
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok || from != "github.com/gin-gonic/gin" {
			return true
		}
		w = inner.Unwrap()
	}
}

func packageOf(w http.ResponseWriter) string {
	t := reflect.TypeOf(w)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath()
}
