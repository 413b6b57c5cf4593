package adaptertest

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// layerRows are refused requests that pass another layer first. The refusal replaces what that
// layer has set, because clients read only one challenge (BT-43), and because the rest describes
// another body or permits to store it (MW-03).
var layerRows = []row{
	{id: "BT-43 MW-03", name: "no token", want: to(noToken)},
	{id: "BT-43", name: "a malformed token", fields: auth("Bearer TOKEN|"), want: to(malformed)},
	{id: "BT-43", name: "two fields", fields: bearer + bearer, want: to(ambiguous)},
	{id: "BT-43 MW-03", name: "an inactive token", fields: bearer, says: inactive, want: to(invalid)},
	{id: "BT-43", name: "a token that lacks a scope", line: "GET /admin HTTP/1.1", fields: bearer, want: to(lacksScope)},
	{id: "BT-43 MW-03", name: "a HEAD request without a token", line: "HEAD /any HTTP/1.1", want: to(noToken)},
}

// layerFields are the fields that the layer sets. The adapter must leave the last one alone.
var layerFields = [][2]string{
	{"WWW-Authenticate", "Basic"},
	{"MFP-Conflict", "true"},
	{"Retry-After", "7"},
	{"Cache-Control", "public"},
	{"Expires", "Fri, 31 Dec 2100 00:00:00 GMT"},
	{"CDN-Cache-Control", "max-age=9"},
	{"Surrogate-Control", "max-age=9"},
	{"Pragma", "x"},
	{"Age", "1"},
	{"Content-Type", "text/html"},
	{"Content-Length", "7"},
	{"Content-Encoding", "gzip"},
	{"Content-Language", "de"},
	{"Content-Location", "/x"},
	{"Content-Disposition", "attachment"},
	{"Content-Range", "bytes 0-6/7"},
	{"Content-MD5", "x"},
	{"Content-Digest", "x"},
	{"Repr-Digest", "x"},
	{"Digest", "x"},
	{"ETag", `"x"`},
	{"Last-Modified", "Fri, 31 Dec 1999 00:00:00 GMT"},
	{"Accept-Ranges", "bytes"},
	{"Trailer", "X-Sum"},
	{"X-Request-Id", "7"},
}

// layered runs the rows behind a layer that sets fields of the answer.
func layered(t *testing.T, serve Serve) {
	for _, p := range []*profile{mobileFirst, rfc7662} {
		t.Run(p.name, func(t *testing.T) {
			f := &fixture{profile: p, watch: &watch{}, layerFields: layerFields}
			f.start(t, serve, routes)
			f.run(t, layerRows[0])
			if !f.layered.Load() {
				t.Skip("Serve does not call Route.Outer, so nothing is in front of the adapter")
			}
			for _, r := range layerRows {
				t.Run(r.id+" "+r.name, func(t *testing.T) {
					x := f.run(t, r)
					if x.response != nil && !slices.ContainsFunc(x.response.fields, requestID) {
						t.Errorf("fields %q, want X-Request-Id: 7 among them", x.response.fields)
					}
				})
			}
		})
	}
}

func requestID(field string) bool { return strings.EqualFold(field, "X-Request-Id: 7") }

// layerKey is the key of the value that the layer puts into each context.
type layerKey struct{}

// outer returns a Route.Outer of the fixture. It puts a value into the context, and may set the
// fixture's fields.
func (f *fixture) outer(set bool) func(context.Context, func(name, value string)) context.Context {
	return func(ctx context.Context, field func(name, value string)) context.Context {
		f.layered.Store(true)
		for _, l := range f.layerFields {
			if set {
				field(l[0], l[1])
			}
		}
		return context.WithValue(ctx, layerKey{}, true)
	}
}

// noLayer does nothing.
func noLayer(ctx context.Context, _ func(name, value string)) context.Context { return ctx }
