package internal_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var program = regexp.MustCompile("(?s)\n```go\n(package main\n.*?\n)```")

// TestReadmeProgramsCompile copies each whole program of the README into a module of its own, as a user would, and vets it.
func TestReadmeProgramsCompile(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	programs := program.FindAllSubmatch(read(t, filepath.Join(root, "README.md")), -1)
	if len(programs) < 4 {
		t.Fatalf("found %d programs in the README, want one for each framework and a job", len(programs))
	}
	dir := t.TempDir()
	mod := bytes.Replace(read(t, filepath.Join(root, "go.mod")), []byte("module github.com/mfpguard/mfpguard\n"), []byte("module readme\n"), 1)
	mod = fmt.Appendf(mod, "require github.com/mfpguard/mfpguard v0.0.0\nreplace github.com/mfpguard/mfpguard => %s\n", root)
	write(t, filepath.Join(dir, "go.mod"), mod)
	write(t, filepath.Join(dir, "go.sum"), read(t, filepath.Join(root, "go.sum")))
	for i, p := range programs {
		write(t, filepath.Join(dir, fmt.Sprintf("program%d", i), "main.go"), p[1])
	}
	cmd := exec.CommandContext(t.Context(), "go", "vet", "-mod=mod", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the programs of the README do not pass go vet: %v\n%s", err, out)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
