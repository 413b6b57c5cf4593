package main

import (
	"fmt"
	"sync"
)

// tally counts the lines by outcome. The zero value is ready to use. It is safe for concurrent use.
type tally struct {
	mu      sync.Mutex
	of      map[outcome]int
	earlier int // those of of that an earlier run dealt with
}

func (t *tally) add(o outcome, earlier bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[outcome]int{}
	}
	t.of[o]++
	if earlier {
		t.earlier++
	}
}

func (t *tally) count(o outcome) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of[o]
}

// String returns a line for people.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := fmt.Sprintf("accepted %d, rejected %d, unknown %d, unsent %d", t.of[accepted], t.of[rejected], t.of[unknown], t.of[unsent])
	if t.earlier > 0 {
		s += fmt.Sprintf(" (%d of them by earlier runs)", t.earlier)
	}
	return s
}
