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
// Good says that the answer was about a good token.
type Outcome struct {
	Evidence Evidence
	StayAway time.Duration
	Good     bool
}

// Config describes a Gate. Every field is needed but MaxSlots and Changed.
type Config struct {
	Slots    int           // calls in flight, at first
	MaxSlots int           // calls in flight while the endpoint keeps its speed; Slots if that is more
	Waiting  int           // calls that wait for a slot
	Patience time.Duration // how long one may wait
	Timeout  time.Duration // of our own question
	// Ask asks our own question, and calls sent just before it is sent.
	Ask     func(ctx context.Context, sent func()) Outcome
	Changed func(Change) // is told when the circuit opens or closes; may be nil
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
	minOvertaken = 250 * time.Millisecond // by how much a later call must have been sent, and
	maxOvertaken = time.Second            // ten times what answers take, between these
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
	newGood   time.Time // the same, of those about good tokens
}

// New returns a Gate.
func New(c Config) *Gate { return &Gate{c: c, limit: newLimit(c.Slots, c.MaxSlots)} }

// Enter waits for a slot, no longer than ctx and Config.Patience. Known says that the token was
// active before. The error is a *RefusedError, ErrBusy, the cause of ctx, or says that the wait was
// too long.
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
	switch v := g.circuit.admit(now, g.free(p.known)); {
	case v == refuse:
		return &RefusedError{g.circuit.until.Sub(now)}
	case v == tryAndAsk:
		g.ask()
		p.trial = true
		g.start(p, now)
		return nil
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
	patience := min(g.c.Patience/2, askEvery)
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

// leave ends the wait of p because of err. If p was admitted or refused at the same moment, that
// counts, but a slot is of no use to a call whose context has ended.
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
