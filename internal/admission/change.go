package admission

import "time"

// Change is an event: the circuit has opened or closed. The two alternate, beginning with an
// opening.
type Change struct {
	Open     bool          // opened; false: closed
	Failures int           // calls that failed before it opened
	Pause    time.Duration // after an opening: until the next probe, at the earliest
	After    time.Duration // after a closing: how long it was open
	Refused  int           // after a closing: calls refused meanwhile
}

// isOpen reports whether the endpoint is taken to be down: from the first failed probe until an
// answer, the probes between included.
func (c *circuit) isOpen() bool { return c.pause != 0 }

// noteChange appends the event that leads from was to the state of now, if there is one. g.mu is
// held.
func (g *Gate) noteChange(was *circuit) {
	is := &g.circuit
	switch {
	case g.c.Changed == nil || was.isOpen() == is.isOpen():
	case is.isOpen():
		g.changes = append(g.changes, Change{Open: true, Failures: is.failures, Pause: is.until.Sub(is.opened)})
	default:
		g.changes = append(g.changes, Change{After: is.answered.Sub(is.opened), Refused: is.refused})
	}
}

// unlockAndReport passes the noted events to Config.Changed, without the lock. If another goroutine
// does so already, that one passes these on too: so they keep their order. g.mu is held before.
func (g *Gate) unlockAndReport() {
	defer g.mu.Unlock()
	if g.reporting {
		return
	}
	g.reporting = true
	defer func() { g.reporting = false }()
	for len(g.changes) > 0 {
		c := g.changes[0]
		g.changes = g.changes[1:]
		g.callChanged(c)
	}
}

// callChanged calls Config.Changed without the lock. g.mu is held before and after.
func (g *Gate) callChanged(c Change) {
	g.mu.Unlock()
	defer g.mu.Lock()
	g.c.Changed(c)
}
