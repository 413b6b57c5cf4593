package admission

import (
	"container/list"
	"context"
	"time"
)

// A Pass is the right to make one call: a place in the queue first if need be, then a slot. Each
// must be given back by Done.
type Pass struct {
	gate      *Gate
	known     bool
	spare     bool // a background call
	trial     bool
	place     *list.Element   // in a lane or among the running
	ready     chan struct{}   // closed once the call is admitted or rejected
	err       error           // why it was rejected
	ctx       context.Context // the caller's, and the call's once it is in flight
	cancel    context.CancelCauseFunc
	came      time.Time // when it came into the queue
	waited    time.Duration
	sent      time.Time
	state     passState
	overtaken bool
	reclaim   *time.Timer
}

type passState int

const (
	arriving passState = iota
	inQueue
	inFlight
	abandoned // its slot was taken back
	over
)

// Context returns the context of the call. It ends with the context given to Acquire, when the call
// is cancelled because later ones overtook it ([ErrOvertaken] is its cause then) or a caller needs
// the slot of a background call ([ErrGaveWay]), and with Done.
func (p *Pass) Context() context.Context { return p.ctx }

// Waited returns how long the call waited in the queue. It is zero if there was a slot at once.
func (p *Pass) Waited() time.Duration { return p.waited }

// Known reports the lane of the call, as it was given to Acquire.
func (p *Pass) Known() bool { return p.known }

// Done gives the slot back and reports how the call ended. Only the first call counts.
func (p *Pass) Done(o Outcome) {
	p.cancel(nil)
	g, now := p.gate, time.Now()
	g.mu.Lock()
	was := g.circuit
	switch p.state {
	case inFlight:
		g.evict(p)
		if o.Evidence == Answered {
			g.limit.answered(now, now.Sub(p.sent), g.waiting.len() > 0)
			if p.sent.After(g.newest) {
				g.newest = p.sent
			}
			if o.Good && p.sent.After(g.newestGood) {
				g.newestGood = p.sent
			}
		}
		if g.circuit.callEnded(now, o, p.trial, g.slow()) {
			g.sendProbe()
		}
		g.serve(now)
		g.cancelOvertaken()
	case abandoned:
		g.ignoring--
		g.abandonNext(now)
	}
	p.state = over
	g.noteChange(&was)
	g.unlockAndReport()
}

// abandon takes back the slot of a call that has ignored the end of its context. There may be as
// many such calls as there are slots; more keep their slots, because what they hold elsewhere must
// be bounded too.
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
	g.evict(p)
	p.state = abandoned
	g.ignoring++
}

// abandonNext takes back the slot of the next call that has ignored the end of its context and
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
