package admission

import (
	"context"
	"time"
)

// free reports whether there is a slot for a call of this kind. g.mu is held.
func (g *Gate) free(known bool) bool {
	return g.running.Len() < g.limit.now && (known || g.unknown < g.limit.now-g.c.Slots/reservedPart)
}

// start gives p a slot. g.mu is held.
func (g *Gate) start(p *Pass, now time.Time) {
	p.state, p.sent = inFlight, now
	p.ctx, p.cancel = context.WithCancelCause(p.ctx) // not before: many wait, few are in flight
	p.place = g.running.PushBack(p)
	if !p.known {
		g.unknown++
	}
	if deadline, ok := p.ctx.Deadline(); ok {
		p.reclaim = time.AfterFunc(deadline.Sub(now)+grace, p.abandon)
	}
	close(p.ready)
}

// turnAway refuses a waiting call. g.mu is held.
func (g *Gate) turnAway(p *Pass, err error) {
	g.waiting.remove(p)
	p.state, p.err = over, err
	close(p.ready)
}

// serve gives free slots to those who wait, or refuses them all when the circuit has opened. g.mu
// is held.
func (g *Gate) serve(now time.Time) {
	switch g.circuit.state {
	case open:
		g.limit.reset()
		for p := g.waiting.oldest(); p != nil; p = g.waiting.oldest() {
			g.circuit.refused++
			g.turnAway(p, &RefusedError{g.circuit.until.Sub(now)})
		}
	case closed:
		for _, known := range []bool{true, false} {
			for p := g.waiting.next(known); p != nil && g.free(known); p = g.waiting.next(known) {
				g.waiting.serve(p)
				g.start(p, now)
			}
		}
	}
}

// relieve gives up hung calls, one for each that waits: those that a later call has overtaken. An
// answer about a bad token may be a quick one, so it, and the answer to our own question, has to be
// later by two fifths of the time that a call has. g.mu is held.
func (g *Gate) relieve() {
	wanted := g.waiting.len()
	behind := min(max(10*g.limit.recent, minOvertaken), maxOvertaken)
	for e := g.running.Front(); e != nil && wanted > 0; e = e.Next() {
		p := passOf(e)
		if g.newGood.Sub(p.sent) < behind && g.newest.Sub(p.sent) < g.c.Timeout*2/5 {
			return // it and all that follow were sent later
		}
		if p.known && g.waiting.known.Len() == 0 {
			continue // its slot would not help
		}
		wanted--
		if !p.givenUp {
			p.givenUp = true
			g.limit.widen() // what hangs takes nothing of the endpoint's speed for others
			p.cancel(ErrOvertaken)
		}
	}
}
