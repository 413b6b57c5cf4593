package tokensource

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[REDACTED]"

// Secret is a credential that does not print itself: fmt (every verb), encoding/json, encoding/xml
// and log/slog show "[REDACTED]". string(s) is the value. There are two exceptions, which a type
// cannot prevent: fmt prints unexported fields of structs, and encoding/json the keys of maps.
type Secret string

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// String returns "[REDACTED]".
func (Secret) String() string { return redacted }

// GoString returns "[REDACTED]".
func (Secret) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, for JSON and XML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
