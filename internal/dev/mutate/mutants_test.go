package main

import (
	"os"
	"strings"
	"testing"
)

// TestMutantsFitTheCode finds the mutants that a change of the code has left behind.
func TestMutantsFitTheCode(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutants {
		if names[m.name] {
			t.Errorf("two mutants are named %q", m.name)
		}
		names[m.name] = true
		src, err := os.ReadFile("../../../" + m.file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), m.old); n != 1 {
			t.Errorf("%s: %q stands %d times in %s, want once", m.name, m.old, n, m.file)
		}
	}
	if len(mutants) < 40 {
		t.Errorf("%d mutants, want 40 at least", len(mutants))
	}
}
