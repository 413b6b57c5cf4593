package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, row := range []struct {
		name, input string
		want        []string
	}{
		{"nothing", "", nil},
		{"no end at the end", "a\nb", []string{"1 a", "2 b"}},
		{"blank lines count and are left out", "\n \t\na\n\n\nb\n", []string{"3 a", "6 b"}},
		{"lines of Windows, with its mark", "\ufeffa\r\nb\r\n", []string{"1 a", "2 b"}},
		{"a mark elsewhere", "a\n\ufeffb\n", []string{"1 a", "2 \ufeffb"}},
		{"one that is just short enough", long[1:] + "\nb\n", []string{"1 " + long[1:], "2 b"}},
		{"one that is too long", long + "yz\nb\n", []string{"1 " + long + " too long", "2 b"}},
	} {
		for _, r := range []io.Reader{strings.NewReader(row.input), iotest.HalfReader(strings.NewReader(row.input))} {
			var got []string
			err := readLines(r, func(l line) bool {
				text := fmt.Sprintf("%d %s", l.number, l.text)
				if l.tooLong {
					text += " too long"
				}
				got = append(got, text)
				return true
			})
			if err != nil || !slices.Equal(got, row.want) {
				t.Errorf("%s: got %.100q, %v, want %.100q", row.name, got, err, row.want)
			}
		}
	}
}

func TestReadLinesStops(t *testing.T) {
	n := 0
	if err := readLines(strings.NewReader("a\nb\nc\n"), func(line) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("read %d lines, %v, want 2", n, err)
	}
	broken := errors.New("broken")
	err := readLines(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), func(line) bool { return true })
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error is %v, want one of line 2", err)
	}
}
