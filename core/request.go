package core

import (
	"fmt"
	"io"
	"log/slog"
)

// Request is what a guard decides about: what an adapter takes out of a request of its framework.
// A field that an adapter does not fill can lead to a refusal, and never to access. The values are
// read during [Guard.Authorize] and not kept, so they may be views of a buffer that is used again.
// A Request that is printed or logged does not show them.
type Request struct {
	// Authorization holds the values of all Authorization fields, in order, as they were received.
	Authorization []string
}

// String tells how many Authorization fields there are.
func (r Request) String() string {
	return fmt.Sprintf("request with %d Authorization fields", len(r.Authorization))
}

// Format implements fmt.Formatter with String, for every verb.
func (r Request) Format(f fmt.State, _ rune) { io.WriteString(f, r.String()) }

// LogValue implements slog.LogValuer with String.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }
