package tokensource

import (
	"fmt"
	"io"
	"log/slog"
)

// Format implements fmt.Formatter. A Source prints what it is for, and not the token that it holds.
func (s *Source) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// String returns what the Source is for: its scope.
func (s *Source) String() string {
	if s == nil {
		return "no token source"
	}
	return fmt.Sprintf("token source for the scope %q", s.scope)
}

// LogValue implements slog.LogValuer with [Source.String].
func (s *Source) LogValue() slog.Value { return slog.StringValue(s.String()) }
