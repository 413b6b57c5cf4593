package admission

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Evidence is what the end of a call shows about the endpoint.
type Evidence int

// The kinds of evidence.
const (
	None     Evidence = iota // nothing: the call ended for a reason of ours
	Answered                 // the endpoint works
	Doubtful                 // a status or body that may be about this one token
	Broken                   // there was no answer at all
)

// Outcome is the end of a call. StayAway is how long the server asked to be left alone, or zero.
type Outcome struct {
	Evidence Evidence
	StayAway time.Duration
}

// Config describes a Gate. Every field is needed but MaxSlots and Changed.
type Config struct {
	Slots    int                           // calls in flight, at first
	MaxSlots int                           // calls in flight while the endpoint keeps its speed; Slots if that is more
	Waiting  int                           // calls that wait for a slot
	Patience time.Duration                 // how long one may wait
	Timeout  time.Duration                 // of our own question
	Ask      func(context.Context) Outcome // asks our own question
	Changed  func(Change)                  // is told when the circuit opens or closes; may be nil
}

// Change tells that the circuit has opened or closed.
type Change struct {
	Open     bool
	Failures int           // calls that failed before it opened
	Pause    time.Duration // until our own question is asked again
	After    time.Duration // how long it was open
	Refused  int           // calls refused meanwhile
}

// Errors of Gate.Enter.
var (
	ErrBusy = errors.New("too many calls are waiting already")
	errSlow = errors.New("no slot came free in time")
	// ErrOvertaken is the cause of a call's context that was given up.
	ErrOvertaken = errors.New("given up for others: it hung while later calls were answered")
)

// A RefusedError says that the circuit is open, and for how long at least.
type RefusedError struct{ Wait time.Duration }

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the circuit is open for another %v", e.Wait.Round(time.Millisecond))
}

// The rules of the slots.
const (
	reservedPart = 4                      // one of so many slots is for known tokens only
	overtaken    = time.Second            // by how much a later call must have been sent
	grace        = 100 * time.Millisecond // to end after the context has
	maxQuestions = 8                      // our own questions that may be under way, hung ones included
)

// Gate lets calls in. Make one with New; it is safe for concurrent use and owns no goroutine
// but for the duration of our own question.
type Gate struct {
	c Config

	mu        sync.Mutex
	circuit   circuit
	limit     limit
	waiting   queue
	running   list.List // of *Pass, the one sent first in front
	unknown   int       // of the running
	ignoring  int       // calls that ignore the end of their context, whose slots were taken back
	questions int       // our own, under way
	newest    time.Time // when the latest of the calls was sent that have been answered
}

// New returns a Gate.
func New(c Config) *Gate { return &Gate{c: c, limit: newLimit(c.Slots, c.MaxSlots)} }

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

// Context is the context of the call: it ends with the one given to Enter, or when the call is given up.
func (p *Pass) Context() context.Context { return p.ctx }

// Enter waits for a slot, no longer than ctx and Config.Patience. Known says that the token was
// active before. The error is a *RefusedError, ErrBusy, the cause of ctx, or says that the wait was too long.
func (g *Gate) Enter(ctx context.Context, known bool) (*Pass, error) {
	p := &Pass{gate: g, known: known, ready: make(chan struct{}), ctx: ctx}
	if err := g.arrive(p); err != nil {
		return nil, err
	}
	if err := g.await(ctx, p); err != nil {
		return nil, err
	}
	return p, nil
}

// arrive gives p a slot or a place in the queue.
func (g *Gate) arrive(p *Pass) error {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch v := g.circuit.admit(now); {
	case v == refuse:
		return &RefusedError{g.circuit.until.Sub(now)}
	case v == try && g.free(p.known):
		p.trial = true
		g.start(p, now)
		return nil
	case v == try:
		return &RefusedError{g.circuit.until.Sub(now)}
	case v == pass && g.free(p.known):
		g.start(p, now)
		return nil
	case v == waitAndAsk:
		g.ask()
	}
	if g.waiting.len() >= g.c.Waiting {
		oldest := g.waiting.oldest()
		if oldest == nil || oldest.known && !p.known {
			return ErrBusy
		}
		g.turnAway(oldest, ErrBusy)
	}
	g.waiting.push(p)
	g.relieve()
	return nil
}

// await waits until p is admitted or refused. After a while without any answer it sees to it
// that the endpoint is asked whether it is slow for all or hangs for some.
func (g *Gate) await(ctx context.Context, p *Pass) error {
	select {
	case <-p.ready:
		return p.err
	default:
	}
	patience := min(g.c.Patience, overtaken)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for left := g.c.Patience - patience; ; left = 0 {
		select {
		case <-p.ready:
			return p.err
		case <-ctx.Done():
			return g.leave(ctx, p, context.Cause(ctx))
		case <-timer.C:
			if left <= 0 {
				return g.leave(ctx, p, errSlow)
			}
			g.lookAround()
			timer.Reset(left)
		}
	}
}

// leave ends the wait of p because of err. If p was admitted or refused at the same moment, that counts, but a slot
// is of no use to a call whose context has ended.
func (g *Gate) leave(ctx context.Context, p *Pass, err error) error {
	g.mu.Lock()
	if p.state == inQueue {
		g.waiting.remove(p)
		p.state = over
		g.mu.Unlock()
		return err
	}
	g.mu.Unlock()
	if p.err == nil && ctx.Err() != nil {
		p.Done(Outcome{})
		return err
	}
	return p.err
}

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

// serve gives free slots to those who wait, or refuses them all when the circuit has opened. g.mu is held.
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

// relieve gives up hung calls, one for each that waits: those that a later call has overtaken. g.mu is held.
func (g *Gate) relieve() {
	wanted := g.waiting.len()
	for e := g.running.Front(); e != nil && wanted > 0; e = e.Next() {
		p := passOf(e)
		if g.newest.Sub(p.sent) < overtaken {
			return // it and all that follow were sent later
		}
		if p.known && g.waiting.known.Len() == 0 {
			continue // its slot would not help
		}
		wanted--
		if !p.givenUp {
			p.givenUp = true
			p.cancel(ErrOvertaken)
		}
	}
}

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
		}
		if g.circuit.called(now, o, p.trial) {
			g.ask()
		}
		g.serve(now)
		g.relieve()
	case abandoned:
		g.ignoring--
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
	g.vacate(p)
	p.state = abandoned
	g.ignoring++
	g.serve(time.Now())
}
