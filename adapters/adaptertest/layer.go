package adaptertest

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// layerRows are refused requests that pass another layer first. The refusal replaces what that
// layer has set, because clients read only one challenge (BT-43).
var layerRows = []row{
	{id: "BT-43", name: "no token", want: to(noToken)},
	{id: "BT-43", name: "a malformed token", fields: auth("Bearer TOKEN|"), want: to(malformed)},
	{id: "BT-43", name: "two fields", fields: bearer + bearer, want: to(ambiguous)},
	{id: "BT-43", name: "an inactive token", fields: bearer, says: inactive, want: to(invalid)},
	{id: "BT-43", name: "a token that lacks a scope", line: "GET /admin HTTP/1.1", fields: bearer, want: to(lacksScope)},
	{id: "BT-43", name: "a HEAD request without a token", line: "HEAD /any HTTP/1.1", want: to(noToken)},
}

// layerFields are the fields that the layer sets. The adapter must leave the last one alone.
var layerFields = [][2]string{
	{"WWW-Authenticate", "Basic"}, {"Cache-Control", "public"}, {"Content-Type", "text/html"}, {"X-Request-Id", "7"},
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

// outer is the Route.Outer of the fixture. It sets the fixture's fields and a value in the context.
func (f *fixture) outer(ctx context.Context, set func(name, value string)) context.Context {
	f.layered.Store(true)
	for _, field := range f.layerFields {
		set(field[0], field[1])
	}
	return context.WithValue(ctx, layerKey{}, true)
}

// noLayer does nothing.
func noLayer(ctx context.Context, _ func(name, value string)) context.Context { return ctx }
