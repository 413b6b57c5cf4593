// Package internal_test pins the direction in which the module's packages import each other.
package internal_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mfpguard/mfpguard/"

// mayImport lists, for each tree, our own trees that its code (not its tests) may import.
var mayImport = map[string][]string{
	"internal":    {"internal"},
	"tokensource": {"tokensource", "internal"},
	"core":        {"core", "tokensource", "internal"},
	"adapters":    {"adapters", "core", "tokensource", "internal"},
	"examples":    {"examples", "adapters", "core", "tokensource"},
}

// onlyIn lists foreign packages and where alone they may be imported by code.
var onlyIn = map[string][]string{
	"github.com/gin-gonic/gin":                   {"adapters/ginguard", "examples"},
	"github.com/gofiber/fiber/v2":                {"adapters/fiberguard", "examples"},
	"github.com/go-resty/resty/v2":               {"internal/endpoint", "adapters/restysource", "examples"},
	"github.com/patrickmn/go-cache":              {"internal/memcache"},
	"github.com/go-jose/go-jose/v4":              {"internal/jose"},
	"golang.org/x/oauth2":                        {"adapters/oauth2source"},
	"github.com/h2non/gock":                      {}, // tests
	"net/http/httptest":                          {"core/coretest", "adapters/adaptertest", "examples"},
	"testing":                                    {"adapters/adaptertest", "adapters/internal/hooktest"},
	"encoding/json/v2":                           {}, // an experiment
	"github.com/golang-jwt/jwt/v5":               {}, // tokens are opaque
	"github.com/valyala/fasthttp":                {"adapters/fiberguard"},
	"github.com/mfpguard/mfpguard/core/coretest": {"adapters/adaptertest", "adapters/internal/hooktest", "examples"},
}

func TestImportsFlowOneWay(t *testing.T) {
	for file, imports := range imports(t) {
		for _, path := range imports {
			if why := violation(file, path); why != "" {
				t.Errorf("%s imports %s: %s", file, path, why)
			}
		}
	}
}

// violation reports why file may not import path; "" means that it may.
func violation(file, path string) string {
	dir := filepath.ToSlash(filepath.Dir(file))
	if rest, ours := strings.CutPrefix(path, module); ours {
		from, to := tree(file), tree(rest)
		switch {
		case !slices.Contains(mayImport[from], to):
			return fmt.Sprintf("%s may import %v only", from, mayImport[from])
		case within(rest, workshop) && !within(file, workshop):
			return "the workshop is no part of the product"
		case within(rest, introspect) && dir != "core" && !within(file, introspect):
			return "core alone asks the server"
		case within(file, introspect) && to == "core" && !within(rest, introspect):
			return "what asks the server decides nothing"
		}
	}
	for foreign, places := range onlyIn {
		if within(path, foreign) && !slices.ContainsFunc(places, func(p string) bool { return within(file, p) }) {
			return fmt.Sprintf("it belongs into %v only", places)
		}
	}
	return ""
}

// The rooms that have rules of their own.
const (
	workshop   = "internal/dev"
	introspect = "core/internal/introspect"
)

// tree returns the first element of a path.
func tree(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// within reports whether path is dir or below it.
func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func TestViolations(t *testing.T) {
	for _, tt := range []struct {
		file, path string
		allowed    bool
	}{
		{"core/verifier.go", "tokensource", true},
		{"tokensource/source.go", "core", false},
		{"internal/flight/flight.go", "core", false},
		{"core/verifier.go", "adapters/httpguard", false},
		{"adapters/httpguard/guard.go", "core", true},
		{"adapters/httpguard/guard.go", "core/coretest", false},
		{"adapters/adaptertest/run.go", "core/coretest", true},
		{"core/verifier.go", "internal/flight", true},
		{"core/verifier.go", "internal/dev/bench", false},
		{"tokensource/source.go", "internal/dev", false},
		{"internal/flight/flight.go", "internal/dev/mutate", false},
		{"internal/dev/mutate/main.go", "internal/dev/requirements", true},
		{"internal/dev/mutate/main.go", "internal/flight", true},
		{"core/verifier.go", "core/internal/introspect", true},
		{"core/internal/introspect/server.go", "core/internal/introspect/wire", true},
		{"core/coretest/server.go", "core/internal/introspect", false},
		{"adapters/httpguard/guard.go", "core/internal/introspect", false},
		{"core/internal/introspect/server.go", "core", false},
		{"core/internal/introspect/server.go", "core/coretest", false},
		{"core/internal/introspect/server.go", "adapters/httpguard", false},
		{"core/internal/introspect/server.go", "tokensource", true},
		{"core/internal/introspect/server.go", "internal/admission", true},
		{"core/internal/introspective/a.go", "core", true},
	} {
		if why := violation(tt.file, module+tt.path); (why == "") != tt.allowed {
			t.Errorf("%s imports %s: got %q, want it allowed: %v", tt.file, tt.path, why, tt.allowed)
		}
	}
}

// imports returns what each file of code imports. It reads the files itself, so that the test cache
// sees an edit.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(filepath.ToSlash(path), "../")
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || nested(path)):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range f.Imports {
			found[rel] = append(found[rel], strings.Trim(imp.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("found %d files of code, which cannot be all", len(found))
	}
	return found
}

// nested reports whether dir is a module of its own, with its own dependencies.
func nested(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
