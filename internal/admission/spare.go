package admission

import (
	"context"
	"errors"
	"time"
)

// ErrGaveWay is the cause of the context of a background call whose slot a caller needs.
var ErrGaveWay = errors.New("given up for a caller that needs its slot")

// sparePart: a background call begins only if then at most one of so many slots is taken.
const sparePart = 2

// Spare gives a slot to a background call about a known token, one that no caller waits for. It
// does not wait. It returns nil unless the circuit is closed and at least half of the slots are
// free; so no caller waits either. The call gives its slot up again when a caller has to wait: its
// context ends then, with [ErrGaveWay] as its cause. Its outcome is evidence like any other.
func (g *Gate) Spare(ctx context.Context) *Pass {
	p := &Pass{gate: g, known: true, spare: true, ready: make(chan struct{}), ctx: ctx}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.circuit.state != closed || (g.running.Len()+1)*sparePart > g.limit.now {
		return nil
	}
	g.spares++
	g.start(p, time.Now())
	return p
}

// cancelSpares cancels background calls, the newest first, one for each caller whom a slot would
// help. It returns how many slots come free so. Callers that wait for a probe need none. g.mu is
// held.
func (g *Gate) cancelSpares() (coming int) {
	if g.spares == 0 || g.running.Len() < g.limit.now {
		return 0
	}
	strangers := max(g.limit.now-g.c.Slots/reservedPart-g.unknown, 0) // that may have a slot
	wanted := g.waiting.known.Len() + min(g.waiting.unknown.Len(), strangers)
	for e := g.running.Back(); e != nil && coming < wanted; e = e.Prev() {
		p := passOf(e)
		if !p.spare {
			continue
		}
		coming++
		if !p.overtaken {
			p.overtaken = true
			p.cancel(ErrGaveWay)
		}
	}
	return coming
}
