package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line in bytes. MobileFirst and the devices accept less.
const maxLine = 1 << 20

// line is one line of the input.
type line struct {
	number  int
	text    []byte // without surrounding white space
	tooLong bool   // then text is only its beginning
}

// readLines calls each for every line that is not blank, until each returns false or the input
// ends.
func readLines(in io.Reader, each func(line) bool) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for number := 1; ; number++ {
		text, tooLong, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading line %d: %w", number, err)
		}
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		text = bytes.TrimSpace(text)
		if len(text) > 0 && !each(line{number, text, tooLong}) || err != nil {
			return nil
		}
	}
}

// readLine reads to the end of a line and keeps at most maxLine bytes of it.
func readLine(r *bufio.Reader) (text []byte, tooLong bool, err error) {
	for {
		piece, err := r.ReadSlice('\n')
		if room := maxLine - len(text); len(piece) > room {
			tooLong, piece = true, piece[:room]
		}
		text = append(text, piece...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, tooLong, err
		}
	}
}
