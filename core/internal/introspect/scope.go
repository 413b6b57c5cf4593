package introspect

import "strings"

// Scope is a set of granted scope elements, separated by single blanks (RFC 6749 section 3.3).
type Scope string

// Has reports whether the element was granted. Elements compare whole and case-sensitively.
func (s Scope) Has(element string) bool {
	rest := string(s)
	for rest != "" {
		var next string
		if next, rest, _ = strings.Cut(rest, " "); next == element {
			return true
		}
	}
	return false
}

// normalized returns scope with single blanks between its elements. Only blanks separate: a tab
// is a character of an element.
func normalized(scope string) string {
	return strings.Join(strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' }), " ")
}
