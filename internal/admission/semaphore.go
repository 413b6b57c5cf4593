package admission

import (
	"context"
	"time"
)

// free reports whether there is a slot for a call of this lane. g.mu is held.
func (g *Gate) free(known bool) bool {
	return g.running.Len() < g.limit.now && (known || g.unknown < g.limit.now-g.c.Slots/reservedPart)
}

// start gives p a slot. g.mu is held.
func (g *Gate) start(p *Pass, now time.Time) {
	if p.state == inQueue {
		p.waited = now.Sub(p.came)
	}
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

// evict takes p from the running calls. g.mu is held.
func (g *Gate) evict(p *Pass) {
	g.running.Remove(p.place)
	if !p.known {
		g.unknown--
	}
	if p.spare {
		g.spares--
	}
	if p.reclaim != nil {
		p.reclaim.Stop()
	}
}

// reject refuses a waiting call. g.mu is held.
func (g *Gate) reject(p *Pass, err error) {
	g.waiting.remove(p)
	p.state, p.err = over, err
	close(p.ready)
}

// serve gives free slots to waiting calls, or rejects them all when the circuit has opened. g.mu is
// held.
func (g *Gate) serve(now time.Time) {
	switch g.circuit.state {
	case open:
		g.limit.reset()
		for p := g.waiting.oldest(); p != nil; p = g.waiting.oldest() {
			g.circuit.refused++
			g.reject(p, &CircuitOpenError{Wait: g.circuit.until.Sub(now), Queued: true})
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

// cancelOvertaken cancels one call for each call that waits: a background call, or one that hangs
// because a later call has overtaken it. An answer about a bad token may come sooner than one about
// a good token. So that answer, and the answer to a probe, count only if they were sent later by
// two fifths of Config.Timeout. g.mu is held.
func (g *Gate) cancelOvertaken() {
	wanted := g.waiting.len() - g.cancelSpares()
	behind := min(max(10*g.limit.recent, minOvertaken), maxOvertaken)
	for e := g.running.Front(); e != nil && wanted > 0; e = e.Next() {
		p := passOf(e)
		if g.newestGood.Sub(p.sent) < behind && g.newest.Sub(p.sent) < g.c.Timeout*2/5 {
			return // it and all that follow were sent later
		}
		if p.spare {
			continue // cancelled if its slot helps
		}
		if p.known && g.waiting.known.Len() == 0 {
			continue // its slot would not help
		}
		wanted--
		if !p.overtaken {
			p.overtaken = true
			g.limit.grow() // a call that hangs does not make the endpoint slower for others
			p.cancel(ErrOvertaken)
		}
	}
}
