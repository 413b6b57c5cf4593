package coretest

import (
	"strings"
	"testing"
)

func TestAllowedScope(t *testing.T) {
	for _, row := range []struct {
		name, allowed, requested string
		want                     bool
	}{
		{"the same element", "a.b", "a.b", true},
		{"a longer element", "a.b", "a.bc", false},
		{"a shorter element", "a.b", "a.", false},
		{"another case", "a.b", "A.B", false},
		{"a lone star allows anything", "*", "x.y:z", true},
		{"two stars allow anything", "**", "x", true},
		{"a star at the end", "push.*", "push.application.x", true},
		{"a star may stand for nothing", "push.*", "push.", true},
		{"a star at the end needs the head", "push.*", "push", false},
		{"a star at the start", "*.read", "settings.read", true},
		{"a star at the start needs the tail", "*.read", "settings.reader", false},
		{"a star in the middle", "push.*.read", "push.x.y.read", true},
		{"head and tail may not overlap", "aba*aba", "ababa", false},
		{"several stars", "*a*b*c", "xxaxxbxxbc", true},
		{"several stars in the wrong order", "*a*b*c", "xxbxxaxxc", false},
		{"every element must be allowed", "a b.*", "a b.c", true},
		{"one element is not allowed", "a b.*", "a b.c d", false},
		{"nothing is allowed", "", "a", false},
		{"a dot is only a dot", "a.b", "axb", false},
		{"a question mark is only a question mark", "a?", "ab", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := (Client{AllowedScope: row.allowed}).allows(strings.Fields(row.requested)); got != row.want {
				t.Errorf("%q allows %q: got %v, want %v", row.allowed, row.requested, got, row.want)
			}
		})
	}
}

func TestMatchesStaysLinear(t *testing.T) {
	pattern, element := strings.Repeat("a*", 5000)+"b", strings.Repeat("a", 1_000_000)
	if matches(pattern, element) {
		t.Error("matched, want no match")
	}
}
