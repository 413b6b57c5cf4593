package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A result is the result of a section.
type result struct {
	header  []string
	rows    [][]string
	notes   []string
	targets []target
	facts   map[string]float64 // for charts and tests, by name
	strips  []strip            // of the outage's chart
}

// A target is a limit that a section should reach.
type target struct {
	what, found, want string
	reached           bool
}

func newResult(header ...string) *result {
	return &result{header: header, facts: map[string]float64{}}
}

func (r *result) row(cells ...string) { r.rows = append(r.rows, cells) }

func (r *result) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// atMost records a target: the value must not exceed limit. Show formats both.
func (r *result) atMost(what string, value, limit float64, show func(float64) string) {
	r.targets = append(r.targets, target{what, show(value), "≤ " + show(limit), value <= limit})
}

// atLeast records a target: the value must not be below limit.
func (r *result) atLeast(what string, value, limit float64, show func(float64) string) {
	r.targets = append(r.targets, target{what, show(value), "≥ " + show(limit), value >= limit})
}

func (r *result) write(w io.Writer) {
	writeTable(w, r.header, r.rows)
	for _, n := range r.notes {
		fmt.Fprintf(w, "\n%s\n", n)
	}
}

func writeTargets(w io.Writer, all []target) {
	rows := make([][]string, 0, len(all))
	for _, t := range all {
		rows = append(rows, []string{t.what, t.found, t.want, verdict(t.reached)})
	}
	writeTable(w, []string{"what", "measured", "target", "reached"}, rows)
}

func verdict(reached bool) string {
	if reached {
		return "yes"
	}
	return "**no**"
}

// writeTable writes a table in GitHub's markdown. All columns except the first are numbers.
func writeTable(w io.Writer, header []string, rows [][]string) {
	fmt.Fprintf(w, "| %s |\n", strings.Join(header, " | "))
	fmt.Fprintf(w, "|---%s|\n", strings.Repeat("|---:", len(header)-1))
	for _, cells := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
}

// Formats of numbers.

func ns(v float64) string {
	switch {
	case v >= 1e6 || v <= -1e6:
		return time.Duration(v).Round(10 * time.Microsecond).String()
	case v >= 1e4 || v <= -1e4:
		return fmt.Sprintf("%.1f µs", v/1e3)
	case v < 10 && v > -10:
		return fmt.Sprintf("%.1f ns", v)
	default:
		return fmt.Sprintf("%.0f ns", v)
	}
}

// rough formats the wait of a caller.
func rough(d time.Duration) string {
	switch ms := d.Seconds() * 1000; {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.1f ms", ms)
	}
}

func more(v float64) string {
	if v < 0 {
		return "−" + ns(-v)
	}
	return "+" + ns(v)
}

func times(v float64) string {
	switch {
	case v < 0.1:
		return fmt.Sprintf("%.4f x", v)
	case v < 100:
		return fmt.Sprintf("%.2f x", v)
	default:
		return fmt.Sprintf("%.0f x", v)
	}
}

func ratio(v float64) string { return fmt.Sprintf("%.3f", v) }

func percent(v float64) string { return fmt.Sprintf("%.2f %%", 100*v) }

func octets(v float64) string { return fmt.Sprintf("%.0f B", v) }

// count formats a whole number with spaces between its thousands.
func count(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
