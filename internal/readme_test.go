package internal_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are the Markdown files that users read, and how many whole programs each has at least.
var pages = map[string]int{
	"README.md":                        1,
	"core/SECURITY.md":                 0,
	"examples/MIGRATION.md":            1,
	"examples/README.md":               4,
	"examples/RECIPES.md":              7,
	"examples/servers/curity.md":       1,
	"examples/servers/mobilefirst7.md": 1,
	"examples/servers/mobilefirst8.md": 1,
	"examples/servers/rfc7662.md":      1,
	"internal/README.md":               0,
	"internal/dev/bench/README.md":     0,
}

var program = regexp.MustCompile("(?s)\n```go\n(package main\n.*?\n)```")

// TestProgramsOfThePages vets each whole program of the pages.
func TestProgramsOfThePages(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "vet", "-mod=mod", "./...")
	cmd.Dir = extract(t, func(program []byte) []byte { return program })
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the programs of the pages do not pass go vet: %v\n%s", err, out)
	}
}

// extract copies the programs into a module of its own, as a user would, and returns its directory.
// The module has the requirements of ours and no others.
func extract(t *testing.T, edit func(program []byte) []byte) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	mod := bytes.Replace(read(t, filepath.Join(root, "go.mod")), []byte("module github.com/mfpguard/mfpguard\n"), []byte("module pages\n"), 1)
	mod = fmt.Appendf(mod, "require github.com/mfpguard/mfpguard v0.0.0\nreplace github.com/mfpguard/mfpguard => %s\n", root)
	write(t, filepath.Join(dir, "go.mod"), mod)
	write(t, filepath.Join(dir, "go.sum"), read(t, filepath.Join(root, "go.sum")))
	for page, least := range pages {
		programs := program.FindAllSubmatch(read(t, filepath.Join(root, page)), -1)
		if len(programs) < least {
			t.Errorf("%s: found %d whole programs, want %d at least", page, len(programs), least)
		}
		name := strings.ReplaceAll(strings.TrimSuffix(page, ".md"), "/", "-")
		for i, p := range programs {
			write(t, filepath.Join(dir, fmt.Sprintf("%s-%d", name, i+1), "main.go"), edit(p[1]))
		}
	}
	return dir
}

// TestEveryPageIsKnown finds a page that the other tests of this file would not read.
func TestEveryPageIsKnown(t *testing.T) {
	other := map[string]bool{"CHANGELOG.md": true, "internal/dev/requirements/REQUIREMENTS.md": true}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(filepath.ToSlash(path), "../")
		_, known := pages[rel]
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".md") && !known && !other[rel]:
			t.Errorf("%s is not among the pages", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var link = regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)

// TestLinksOfThePages follows the links to files of the project and to headings.
func TestLinksOfThePages(t *testing.T) {
	for page := range pages {
		for _, m := range link.FindAllSubmatch(read(t, filepath.Join("..", page)), -1) {
			target, heading := string(m[1]), string(m[2])
			if strings.Contains(target, "://") {
				continue
			}
			file := filepath.Join("..", page)
			if target != "" {
				file = filepath.Join(filepath.Dir(file), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", page, target, err)
				continue
			}
			if heading != "" && !headings(read(t, file))[heading] {
				t.Errorf("%s links to %s#%s, which is not there", page, target, heading)
			}
		}
	}
}

var (
	title  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noSlug = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// headings returns the names of the headings of a page, as links have them.
func headings(page []byte) map[string]bool {
	found := map[string]bool{}
	for _, m := range title.FindAllSubmatch(page, -1) {
		found[strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(string(m[1])), ""), " ", "-")] = true
	}
	return found
}

var (
	firstCell = regexp.MustCompile("(?m)^\\| (`[^|]*) \\|")
	quoted    = regexp.MustCompile("`([^`]+)`")
)

// TestTheArchitectureTableIsTrue looks for the files that the table names.
func TestTheArchitectureTableIsTrue(t *testing.T) {
	found := 0
	for _, row := range firstCell.FindAllSubmatch(read(t, "README.md"), -1) {
		for _, name := range quoted.FindAllSubmatch(row[1], -1) {
			found++
			if _, err := os.Stat(filepath.Join("..", string(name[1]))); err != nil {
				t.Errorf("the table has %s: %v", name[1], err)
			}
		}
	}
	if found < 50 {
		t.Errorf("found %d names in the table, want 50 at least", found)
	}
}

// TestTheReadmeIsShort keeps it a front door.
func TestTheReadmeIsShort(t *testing.T) {
	if n := bytes.Count(read(t, "../README.md"), []byte("\n")); n > 200 {
		t.Errorf("README.md has %d lines, want 200 at most: the other pages are for the rest", n)
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
