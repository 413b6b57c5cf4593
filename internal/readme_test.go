package internal_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var program = regexp.MustCompile("(?s)\n```go\n(package main\n.*?)\n```")

// TestReadmeProgramsCompile builds each whole program of the README as if it stood in this module.
func TestReadmeProgramsCompile(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := program.FindAllSubmatch(readme, -1)
	if len(programs) < 4 {
		t.Fatalf("found %d programs in the README, want one for each framework and a job", len(programs))
	}
	dir := t.TempDir()
	overlay := map[string]map[string]string{"Replace": {}}
	args := []string{"vet", "-overlay", filepath.Join(dir, "overlay.json")}
	for i, p := range programs {
		source := filepath.Join(dir, fmt.Sprintf("readme%d.go", i))
		if err := os.WriteFile(source, p[1], 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][filepath.Join(root, "internal", fmt.Sprintf("readme%d", i), "main.go")] = source
		args = append(args, fmt.Sprintf("./internal/readme%d", i))
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the programs of the README do not pass go vet: %v\n%s", err, strings.ReplaceAll(string(out), dir, "README"))
	}
}
