package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// console is standard error. It shows messages, and on a terminal a last line with the progress. It
// is safe for concurrent use.
type console struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	progress string // what the last line shows
	drawn    time.Time
}

func newConsole(out io.Writer) *console {
	c := &console{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		c.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return c
}

const (
	eraseLine = "\r\x1b[K"
	redraw    = 100 * time.Millisecond
)

// say writes a line.
func (c *console) say(format string, args ...any) {
	fmt.Fprintf(c, format+"\n", args...)
}

// Write writes whole lines, such as log records, above the progress.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.progress == "" {
		return c.out.Write(p)
	}
	io.WriteString(c.out, eraseLine)
	n, err := c.out.Write(p)
	io.WriteString(c.out, c.progress)
	return n, err
}

// show replaces the progress, at most ten times a second. It does nothing without a terminal.
func (c *console) show(progress string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.terminal || time.Since(c.drawn) < redraw {
		return
	}
	c.progress, c.drawn = progress, time.Now()
	io.WriteString(c.out, eraseLine+progress)
}

// clear removes the progress.
func (c *console) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.progress != "" {
		c.progress = ""
		io.WriteString(c.out, eraseLine)
	}
}
