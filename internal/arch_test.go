// Package internal_test pins the direction in which the module's packages import each other.
package internal_test

import (
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
	"golang.org/x/oauth2":                        {"adapters/oauth2source"},
	"github.com/h2non/gock":                      {}, // tests
	"net/http/httptest":                          {"core/coretest", "adapters/adaptertest", "examples"},
	"testing":                                    {"adapters/adaptertest"},
	"encoding/json/v2":                           {}, // an experiment
	"github.com/golang-jwt/jwt/v5":               {}, // tokens are opaque
	"github.com/valyala/fasthttp":                {"adapters/fiberguard"},
	"github.com/mfpguard/mfpguard/core/coretest": {"adapters/adaptertest", "examples"},
}

func TestImportsFlowOneWay(t *testing.T) {
	for file, imports := range imports(t) {
		tree, _, _ := strings.Cut(file, "/")
		for _, path := range imports {
			if rest, ours := strings.CutPrefix(path, module); ours {
				to, _, _ := strings.Cut(rest, "/")
				if !slices.Contains(mayImport[tree], to) {
					t.Errorf("%s imports %s: %s may import %v only", file, path, tree, mayImport[tree])
				}
			}
			for foreign, places := range onlyIn {
				under := path == foreign || strings.HasPrefix(path, foreign+"/")
				if under && !slices.ContainsFunc(places, func(p string) bool { return strings.HasPrefix(file, p+"/") }) {
					t.Errorf("%s imports %s, which belongs into %v only", file, path, places)
				}
			}
		}
	}
}

// imports returns what each file of code imports. It reads the files itself, so that the test cache sees an edit.
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

// nested says whether dir is a module of its own, whose dependencies are nobody else's.
func nested(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
