package authfield_test

import (
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/authfield"
)

func TestCharacterSets(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		alphanumeric := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if got, want := authfield.IsTchar(c), alphanumeric || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0; got != want {
			t.Errorf("IsTchar(%q) = %v, want %v", c, got, want)
		}
		if got, want := authfield.IsToken68(c), alphanumeric || strings.IndexByte("-._~+/", c) >= 0; got != want {
			t.Errorf("IsToken68(%q) = %v, want %v", c, got, want)
		}
	}
}

func TestCutToken(t *testing.T) {
	for s, want := range map[string][2]string{
		"":           {"", ""},
		"Bearer":     {"Bearer", ""},
		"Bearer abc": {"Bearer", " abc"},
		" Bearer":    {"", " Bearer"},
		"a=b":        {"a", "=b"},
		"\u00e9":     {"", "\u00e9"},
	} {
		if word, rest := authfield.CutToken(s); word != want[0] || rest != want[1] {
			t.Errorf("CutToken(%q) = %q, %q, want %q, %q", s, word, rest, want[0], want[1])
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := strings.Repeat("a", 50) + " x"
	if n := testing.AllocsPerRun(100, func() { authfield.CutToken(s) }); n != 0 {
		t.Errorf("CutToken allocates %v times, want 0", n)
	}
}
