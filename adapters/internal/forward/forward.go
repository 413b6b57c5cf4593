// Package forward lets a copy of a request stand in for it. A guard needs one, because only a copy
// can have another context. The server knows only its own request: it removes the files of that
// one's MultipartForm, and puts the trailer of a chunked body into it.
package forward

import (
	"context"
	"net/http"
	"strings"
)

// Copy returns a copy of r with the context ctx. A trailer that arrives with the body is seen in
// both.
func Copy(ctx context.Context, r *http.Request) *http.Request {
	if r.Trailer == nil && len(r.TransferEncoding) > 0 {
		r.Trailer = http.Header{} // the server adds to it, and the copy shares it
	}
	return r.WithContext(ctx)
}

// Return gives r what a handler has found in a copy of it: the forms, and what a router has put
// there. It leaves the rest of r alone, because others may be reading it.
func Return(r, copied *http.Request) {
	if copied == r {
		return
	}
	if copied.Form != nil {
		r.Form = copied.Form
	}
	if copied.PostForm != nil {
		r.PostForm = copied.PostForm
	}
	if copied.MultipartForm != nil {
		r.MultipartForm = copied.MultipartForm
	}
	if copied.Pattern == r.Pattern {
		return
	}
	r.Pattern = copied.Pattern
	for name := range wildcards(r.Pattern) {
		r.SetPathValue(name, copied.PathValue(name))
	}
}

// wildcards yields the names of a pattern of http.ServeMux, such as id in "GET /orders/{id}", and
// of routers that write a pattern like that.
func wildcards(pattern string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			_, rest, found := strings.Cut(pattern, "{")
			if !found {
				return
			}
			pattern = rest
			name := rest
			if end := strings.IndexAny(rest, "}.:"); end >= 0 {
				name = rest[:end]
			}
			if name != "$" && !yield(name) {
				return
			}
		}
	}
}
