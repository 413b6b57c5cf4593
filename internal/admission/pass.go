package admission

import (
	"container/list"
	"context"
	"time"
)

// A Pass is a place in the queue and then a slot for one call. It must come back through Done.
type Pass struct {
	gate    *Gate
	known   bool
	trial   bool
	place   *list.Element   // in a lane or among the running
	ready   chan struct{}   // closed once the call is admitted or refused
	err     error           // why it was refused
	ctx     context.Context // the caller's, and the call's once it is in flight
	cancel  context.CancelCauseFunc
	sent    time.Time
	state   passState
	givenUp bool
	reclaim *time.Timer
}

type passState int

const (
	inQueue passState = iota
	inFlight
	abandoned // its slot was taken back
	over
)

// Context is the context of the call: it ends with the one given to Enter, or when the call is
// given up.
func (p *Pass) Context() context.Context { return p.ctx }

// Done gives the slot back and says how the call ended. Only the first call counts.
func (p *Pass) Done(o Outcome) {
	p.cancel(nil)
	g, now := p.gate, time.Now()
	g.mu.Lock()
	was := g.circuit
	switch p.state {
	case inFlight:
		g.vacate(p)
		if o.Evidence == Answered {
			g.limit.answered(now, now.Sub(p.sent), g.waiting.len() > 0)
			if p.sent.After(g.newest) {
				g.newest = p.sent
			}
			if o.Good && p.sent.After(g.newGood) {
				g.newGood = p.sent
			}
		}
		if g.circuit.called(now, o, p.trial, g.slow()) {
			g.ask()
		}
		g.serve(now)
		g.relieve()
	case abandoned:
		g.ignoring--
		g.abandonNext(now)
	}
	p.state = over
	told := g.change(&was)
	g.mu.Unlock()
	told()
}

// vacate takes p from the running. g.mu is held.
func (g *Gate) vacate(p *Pass) {
	g.running.Remove(p.place)
	if !p.known {
		g.unknown--
	}
	if p.reclaim != nil {
		p.reclaim.Stop()
	}
}

// abandon takes the slot of a call back that has ignored the end of its context. Of such calls
// there may be as many as there are slots; beyond that they keep theirs, because what they hold
// elsewhere must be bounded too.
func (p *Pass) abandon() {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.state != inFlight || g.ignoring >= g.c.Slots {
		return
	}
	g.abandon(p)
	g.serve(time.Now())
}

// abandon takes the slot of p back. g.mu is held.
func (g *Gate) abandon(p *Pass) {
	g.vacate(p)
	p.state = abandoned
	g.ignoring++
}

// abandonNext takes the slot of the next call back that has ignored the end of its context and
// could not be abandoned then. g.mu is held.
func (g *Gate) abandonNext(now time.Time) {
	for e := g.running.Front(); e != nil; e = e.Next() {
		p := passOf(e)
		if deadline, ok := p.ctx.Deadline(); ok && now.Sub(deadline) >= grace {
			g.abandon(p)
			g.serve(now)
			return
		}
	}
}
