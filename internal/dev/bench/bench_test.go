package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if child() {
		return
	}
	os.Exit(m.Run())
}

// Nothing here depends on time. Counts and allocations are what they are on every machine, however busy.
func TestSections(t *testing.T) {
	asserts := map[string]func(*testing.T, *result){
		"hit": func(t *testing.T, r *result) {
			exactly(t, r, "allocations", 0)
			for _, peer := range peers {
				if r.facts[peer] == 0 {
					t.Errorf("nothing was measured of %s", peer)
				}
			}
		},
		"frameworks": func(t *testing.T, r *result) {
			exactly(t, r, "net/http allocations", 2)
			exactly(t, r, "Gin allocations", 2)
			exactly(t, r, "Fiber allocations", 1)
		},
		"flood": func(t *testing.T, r *result) {
			exactly(t, r, "refused", 0)
			if got := r.facts["hits"]; got < 0.999 {
				t.Errorf("%v of the good tokens' requests were answered from memory, want >= 0.999", got)
			}
			if got := r.facts["highest"]; got > inFlight {
				t.Errorf("%v calls were in flight at once, want <= %d", got, inFlight)
			}
			if got := r.facts["grown"]; got > floodBound {
				t.Errorf("the heap has grown by %v bytes, want <= %d", got, floodBound)
			}
		},
		"herd": func(t *testing.T, r *result) {
			exactly(t, r, herds[0], 1)
			exactly(t, r, "tokens", 1)
			exactly(t, r, "accepted", crowd-1)
		},
		"availability": func(t *testing.T, r *result) {
			for _, cells := range r.rows {
				if cells[1] == "" || cells[2] == "" {
					t.Errorf("the line %q is not complete: measured %q, wanted %q", cells[0], cells[1], cells[2])
				}
			}
			atLeastThat(t, r, "lines", 27)
		},
		"outage": func(t *testing.T, r *result) {
			exactly(t, r, "wrong", 0)
			exactly(t, r, "unanswered", 0)
			// Every request of the script is in the table, whatever came of it.
			sent := 0.0
			for range outageTTLs {
				sent += float64(int(float64(turns*len(turn)) * lengthOf(settings{short: true}).Seconds()))
			}
			exactly(t, r, "all", sent)
			for _, status := range []string{"200", "401", "403", "503", "calls"} {
				atLeastThat(t, r, status, 10)
			}
		},
		"tokensource": func(t *testing.T, r *result) { exactly(t, r, "allocations", 0) },
	}
	for _, s := range sections {
		t.Run(s.name, func(t *testing.T) {
			r, err := s.measure(settings{rounds: 1, short: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.rows) == 0 {
				t.Fatal("the table is empty")
			}
			for _, cells := range r.rows {
				if len(cells) != len(r.header) {
					t.Errorf("row %q has %d cells, want %d", cells[0], len(cells), len(r.header))
				}
			}
			if check, ok := asserts[s.name]; ok {
				check(t, r)
			}
			r.write(testLog{t})
		})
	}
}

func exactly(t *testing.T, r *result, fact string, want float64) {
	t.Helper()
	if raceDetector && strings.HasSuffix(fact, "allocations") {
		return // it allocates, and lets sync.Pool forget at random
	}
	if got, ok := r.facts[fact]; !ok || got != want {
		t.Errorf("%s: %v, want %v", fact, got, want)
	}
}

func atLeastThat(t *testing.T, r *result, fact string, want float64) {
	t.Helper()
	if got := r.facts[fact]; got < want {
		t.Errorf("%s: %v, want at least %v", fact, got, want)
	}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func TestChartsAreXML(t *testing.T) {
	hit, herd, outage := newResult(), newResult(), newResult()
	for i, name := range peers {
		hit.facts[name] = float64(30_000 + 10_000*i)
	}
	hit.facts["ours"] = 300
	herd.facts[herds[0]], herd.facts[herds[2]] = 1, 1000
	outage.strips = []strip{newStrip("CacheTTL 0", []stretch{{phase: phase{name: "hang"}, ended: time.Second}}, nil)}
	for _, c := range []struct {
		draw func(io.Writer, *result) error
		of   *result
		want []string
	}{
		{drawCost, hit, append([]string{"mfpguard", "0.3 µs", "80 µs"}, peers...)},
		{drawHerd, herd, []string{"mfpguard", "1 call", "1 000 calls"}},
		{drawOutage, outage, []string{"CacheTTL 0", "hang", "1 s, "}},
	} {
		var b strings.Builder
		if err := c.draw(&b, c.of); err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in\n%s", err, b.String())
			}
		}
		for _, text := range c.want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("the chart lacks %q:\n%s", text, b.String())
			}
		}
	}
}
