package main

import (
	"bytes"
	"testing"
	"time"
)

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(&out)
	c.show("half") // no terminal
	c.say("a %s", "message")
	c.clear()
	if got := out.String(); got != "a message\n" {
		t.Errorf("no terminal got %q", got)
	}

	out.Reset()
	c.terminal = true
	c.show("1 of 3")
	c.show("2 of 3") // too soon
	c.say("a message")
	c.drawn = time.Now().Add(-redraw)
	c.show("3 of 3")
	c.clear()
	c.clear()
	want := eraseLine + "1 of 3" + eraseLine + "a message\n" + "1 of 3" + eraseLine + "3 of 3" + eraseLine
	if got := out.String(); got != want {
		t.Errorf("a terminal got %q, want %q", got, want)
	}
}
