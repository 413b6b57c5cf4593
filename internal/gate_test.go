package internal_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// LG-12: the gate builds, vets and tests for machines where an int has 32 bits.
func TestTheGateCoversSmallMachines(t *testing.T) {
	gate := string(read(t, filepath.Join("..", ".ci", "run")))
	for _, want := range []string{"GOARCH=386 go vet ./...", "GOARCH=arm go vet ./...", "GOARCH=386 go test ./core/... ./tokensource"} {
		if !strings.Contains(gate, want) {
			t.Errorf(".ci/run lacks %q", want)
		}
	}
}
