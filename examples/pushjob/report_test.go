package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const first = `{"line":1,"hash":"h","outcome":"accepted","message_id":"1","time":"2026-01-02T03:04:05Z"}` + "\n"

func TestOpenReport(t *testing.T) {
	for _, row := range []struct {
		name, content string
		code, known   int
		left          string
	}{
		{"empty", "", 0, 0, ""},
		{"one entry", first, 0, 1, first},
		{"the last entry about a line counts", `{"line":1,"hash":"h","outcome":"unknown"}` + "\n" + first, 0, 1, ""},
		{"an entry was cut off", first + `{"line":2,"hash":"h","outc`, 0, 1, first},
		{"an entry was cut off at once", first + `{"l`, 0, 1, first},
		{"something else", "hello\n", exitUsage, 0, "hello\n"},
		{"something else without an end", "hello", exitUsage, 0, "hello"},
		{"the input, by mistake", messages("x"), exitUsage, 0, messages("x")},
		{"the input without its end", strings.TrimSpace(messages("x")), exitUsage, 0, strings.TrimSpace(messages("x"))},
		{"damaged in the middle", `{"line":` + "\n" + first, exitUsage, 0, `{"line":` + "\n" + first},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report")
			if err := os.WriteFile(path, []byte(row.content), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := openReport(path)
			if got := exitCode(err); got != row.code {
				t.Fatalf("error is %v with exit code %d, want %d", err, got, row.code)
			}
			if err == nil {
				defer r.close()
				if len(r.known) != row.known || row.known > 0 && r.known[1].Outcome != accepted {
					t.Errorf("known is %+v, want %d lines", r.known, row.known)
				}
			}
			if left, _ := os.ReadFile(path); row.left != "" && string(left) != row.left {
				t.Errorf("the file is now %q, want %q", left, row.left)
			}
		})
	}
}

func TestReportGoesToOneJobAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	r, err := openReport(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openReport(path); exitCode(err) != exitTryAgain {
		t.Errorf("a second job gets %v, want exit code 75", err)
	}
	r.close()
	r, err = openReport(path)
	if err != nil {
		t.Fatalf("after the first job: %v", err)
	}
	r.close()
}

func TestReportAddsFromManyGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	r, err := openReport(path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := r.add(entry{Line: i + 1, Hash: fmt.Sprint(i), Outcome: accepted}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r.synced != 200 {
		t.Errorf("%d entries are flushed, want 200", r.synced)
	}
	r.close()
	if err := r.add(entry{Line: 1, Hash: "h", Outcome: accepted}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error of a closed file is %v", err)
	}
	again, err := openReport(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if len(again.known) != 200 || again.known[7].Hash != "6" {
		t.Errorf("%d entries are found again, line 7 is %+v", len(again.known), again.known[7])
	}
}
