// Mutate breaks the code on purpose, one place at a time, and reports whether a test fails.
//
//	go run ./internal/dev/mutate            # all mutants
//	go run ./internal/dev/mutate -run key   # those whose name matches
//
// The mutants stand in the other files of this package. The tree is not changed: the compiler
// gets the broken file through -overlay. A mutant that survives needs a test, or a reason why it
// does not matter.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A mutant is a change of one place, and the packages whose tests must notice.
type mutant struct {
	name     string
	file     string
	old, new string // old stands in the file exactly once
	tests    string // packages, separated by blanks
}

func main() {
	run := flag.String("run", "", "only mutants whose name matches this regular expression")
	jobs := flag.Int("jobs", 2, "how many to try at once")
	flag.Parse()
	only, err := regexp.Compile(*run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if out, err := exec.Command("go", append([]string{"test"}, packages(only)...)...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "mutate: the tests must be green before anything is broken: %v\n%s", err, out)
		os.Exit(2)
	}
	os.Exit(try(only, *jobs))
}

// packages are those whose tests the chosen mutants are for.
func packages(only *regexp.Regexp) []string {
	seen := map[string]bool{}
	for _, m := range mutants {
		if only.MatchString(m.name) {
			for p := range strings.FieldsSeq(m.tests) {
				seen[p] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// try runs the chosen mutants and returns the exit code: 1 if one survived or could not be made.
func try(only *regexp.Regexp, jobs int) int {
	var (
		mu                     sync.Mutex
		wg                     sync.WaitGroup
		killed, survived, sick int
	)
	slots := make(chan struct{}, jobs)
	for _, m := range mutants {
		if !only.MatchString(m.name) {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			dead, by, err := m.test()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				sick++
				fmt.Printf("BROKEN    %s: %v\n", m.name, err)
			case dead:
				killed++
				fmt.Printf("killed    %s (%s)\n", m.name, by)
			default:
				survived++
				fmt.Printf("SURVIVED  %s: %s\n", m.name, m.file)
			}
		})
	}
	wg.Wait()
	fmt.Printf("%d killed, %d survived, %d could not be tried\n", killed, survived, sick)
	if survived+sick > 0 {
		return 1
	}
	return 0
}

// test reports whether a test failed, and which.
func (m mutant) test() (dead bool, by string, err error) {
	src, err := os.ReadFile(m.file)
	if err != nil {
		return false, "", err
	}
	if n := strings.Count(string(src), m.old); n != 1 {
		return false, "", fmt.Errorf("%q stands %d times in %s, want once", m.old, n, m.file)
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(dir, strings.Replace(string(src), m.old, m.new, 1))
	if err != nil {
		return false, "", err
	}
	tests := strings.Fields(m.tests)
	if out, err := exec.Command("go", append([]string{"build", "-overlay", overlay, "./" + filepath.Dir(m.file)}, tests...)...).CombinedOutput(); err != nil {
		return false, "", fmt.Errorf("does not compile: %s", out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", append([]string{"test", "-overlay", overlay, "-failfast", "-timeout", "2m"}, tests...)...).CombinedOutput()
	return err != nil, reason(string(out)), nil
}

func (m mutant) overlay(dir, mutated string) (string, error) {
	file := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(file, []byte(mutated), 0o600); err != nil {
		return "", err
	}
	abs, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]map[string]string{"Replace": {abs: file}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}

var failing = regexp.MustCompile(`--- FAIL: (\S+)`)

// reason is the first test that failed.
func reason(out string) string {
	if m := failing.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	if strings.Contains(out, "panic: test timed out") || strings.Contains(out, "deadlock") {
		return "hangs"
	}
	return "fails"
}
