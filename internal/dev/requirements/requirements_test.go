// Package requirements_test ties each requirement that this project has set itself to the tests that prove it.
//
// rows.txt lists the requirements, inapplicable.txt those that bind only features that the project does not have, each with
// the reason. REQUIREMENTS.md is generated from both and from the tests: a test proves a row by naming its id. To write it
// anew:
//
//	go test ./internal/dev/requirements -update
package requirements_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write REQUIREMENTS.md anew")

const (
	root  = "../../.."
	table = "REQUIREMENTS.md"
)

func TestEveryRequirementHasATest(t *testing.T) {
	rows, order := read(t, "rows.txt")
	reasons, _ := read(t, "inapplicable.txt")
	proofs := proofs(t)
	for _, id := range order {
		_, waived := reasons[id]
		switch proven := len(proofs[id]) > 0; {
		case !proven && !waived:
			t.Errorf("%s (%s) has no test that names it, and no reason in inapplicable.txt", id, rows[id])
		case proven && waived:
			t.Errorf("%s is waived in inapplicable.txt, but named by %s", id, proofs[id][0])
		}
	}
	for _, ids := range []map[string]bool{keys(reasons), keys(proofs)} {
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			if _, known := rows[id]; !known {
				t.Errorf("%s is not in rows.txt", id)
			}
		}
	}
	want := render(order, rows, reasons, proofs)
	if *update {
		if err := os.WriteFile(table, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run go test ./internal/dev/requirements -update", table)
	}
}

func keys[V any](m map[string]V) map[string]bool {
	ids := map[string]bool{}
	for id := range m {
		ids[id] = true
	}
	return ids
}

// read returns the lines "ID text" of a file by id, and the ids in order.
func read(t *testing.T, file string) (map[string]string, []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	texts, order := map[string]string{}, []string{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, text, ok := strings.Cut(line, " ")
		if _, twice := texts[id]; !ok || twice || !rowID.MatchString(id) {
			t.Fatalf("%s: bad or repeated line %q", file, line)
		}
		texts[id] = text
		order = append(order, id)
	}
	return texts, order
}

var rowID = regexp.MustCompile(`\b(?:(?:BT|IN|CC|MFP|MT|DP|RI|BCP|AV|CN|HT|JI|JL|MD|MW|LG|SV)-\d\d\d?|A\d\d)\b`)

// proofs returns, for each id, the places in test code that name it: the file and the declaration.
func proofs(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "requirements") {
				return filepath.SkipDir
			}
			return nil
		}
		rel := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		if !strings.HasSuffix(rel, "_test.go") && !(strings.HasPrefix(rel, "adapters/adaptertest/") && strings.HasSuffix(rel, ".go")) {
			return nil
		}
		return addProofs(found, path, rel)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func addProofs(found map[string][]string, path, rel string) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, src, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, at := range rowID.FindAllIndex(src, -1) {
		if bytes.HasSuffix(src[:at[0]], []byte("17.A/")) {
			continue // a row of the protocol's table of answers, not an attack
		}
		place := rel
		if name := enclosing(fset, f, at[0]); name != "" {
			place += " " + name
		}
		id := string(src[at[0]:at[1]])
		if !slices.Contains(found[id], place) {
			found[id] = append(found[id], place)
		}
	}
	return nil
}

// enclosing names the top-level declaration, its comment included, that spans an offset of a file.
func enclosing(fset *token.FileSet, f *ast.File, offset int) string {
	for _, decl := range f.Decls {
		from, name := decl.Pos(), ""
		switch d := decl.(type) {
		case *ast.FuncDecl:
			name = d.Name.Name
			if d.Doc != nil {
				from = d.Doc.Pos()
			}
		case *ast.GenDecl:
			if d.Doc != nil {
				from = d.Doc.Pos()
			}
			if v, ok := d.Specs[0].(*ast.ValueSpec); ok {
				name = v.Names[0].Name
			}
		}
		if fset.Position(from).Offset <= offset && offset < fset.Position(decl.End()).Offset {
			return name
		}
	}
	return ""
}

func render(order []string, rows, reasons map[string]string, proofs map[string][]string) []byte {
	var b bytes.Buffer
	proven := 0
	for _, id := range order {
		if len(proofs[id]) > 0 {
			proven++
		}
	}
	fmt.Fprintf(&b, "# Requirements and their proof\n\nGenerated by `go test ./internal/dev/requirements -update`. %d requirements are proved by tests that name them; %d do not apply, for the\nreason given.\n\n", proven, len(order)-proven)
	b.WriteString("| id | requirement | proof |\n|---|---|---|\n")
	for _, id := range order {
		proof := "not applicable: " + reasons[id]
		if places := proofs[id]; len(places) > 0 {
			shown := places[:min(len(places), 3)]
			proof = "`" + strings.Join(shown, "`, `") + "`"
			if more := len(places) - len(shown); more > 0 {
				proof += fmt.Sprintf(" and %d more", more)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", id, strings.ReplaceAll(rows[id], "|", "\\|"), proof)
	}
	return b.Bytes()
}
