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
// Good reports that the answer was about a good token.
type Outcome struct {
	Evidence Evidence
	StayAway time.Duration
	Good     bool
}

// Config describes a Gate. Every field is required but MaxSlots and Changed.
type Config struct {
	Slots    int           // calls in flight, at first
	MaxSlots int           // calls in flight while the endpoint keeps its speed; at least Slots
	Waiting  int           // calls that wait for a slot
	Patience time.Duration // how long one call may wait
	Timeout  time.Duration // of a probe
	// Probe asks the endpoint about a token that cannot exist. It calls sent just before it sends.
	Probe func(ctx context.Context, sent func()) Outcome
	// Changed is called when the circuit opens or closes, once for each event and in their order,
	// never concurrently. It may be nil.
	Changed func(Change)
}

// Errors of [Gate.Acquire].
var (
	ErrQueueFull   = errors.New("too many calls are waiting already")
	errWaitTooLong = errors.New("no slot came free in time")
	// ErrOvertaken is the cause of the context of a call that hung while later ones were answered.
	ErrOvertaken = errors.New("given up for others: it hung while later calls were answered")
)

// A CircuitOpenError reports that the circuit is open.
type CircuitOpenError struct {
	Wait   time.Duration // for how long it stays open, at least
	Queued bool          // it opened while the call was in the queue
}

// Error implements error.
func (e *CircuitOpenError) Error() string {
	return fmt.Sprintf("the circuit is open for another %v", e.Wait.Round(time.Millisecond))
}

// The rules of the slots.
const (
	reservedPart = 4                      // one of so many slots is for known tokens only
	minOvertaken = 250 * time.Millisecond // a later call overtakes if it was sent later by ten times
	maxOvertaken = time.Second            // what answers take, and by at least and at most so much
	grace        = 100 * time.Millisecond // to end after the context has
	maxProbes    = 8                      // probes under way, hung ones included
)

// Gate admits calls. Make one with [New]. It is safe for concurrent use. It has no goroutine except
// while a probe is under way.
type Gate struct {
	c Config

	mu         sync.Mutex
	circuit    circuit
	limit      limit
	waiting    queue
	running    list.List // of *Pass, the one sent first in front
	unknown    int       // calls of running that are about unknown tokens
	spares     int       // calls of running that are background calls
	ignoring   int       // calls that ignore the end of their context, whose slots were taken back
	probes     int       // under way
	newest     time.Time // when the latest of the calls was sent that have been answered
	newestGood time.Time // the same, of those about good tokens
	changes    []Change  // not reported yet
	reporting  bool      // a goroutine reports them
}

// New returns a Gate.
func New(c Config) *Gate { return &Gate{c: c, limit: newLimit(c.Slots, c.MaxSlots)} }

// Stats is the state of a Gate at one moment.
type Stats struct {
	InFlight int  // calls that have a slot
	Waiting  int  // calls in the queue
	Open     bool // the circuit is open: true between the two events of an outage, see [Change]
}

// Stats returns the state of now.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Stats{InFlight: g.running.Len(), Waiting: g.waiting.len(), Open: g.circuit.isOpen()}
}

// Acquire waits for a slot, until ctx ends or for Config.Patience. Known reports that the token was
// active before; it decides the lane. The error is a [*CircuitOpenError], [ErrQueueFull], the cause
// of ctx, or one that says that the wait was too long.
func (g *Gate) Acquire(ctx context.Context, known bool) (*Pass, error) {
	p := &Pass{gate: g, known: known, ready: make(chan struct{}), ctx: ctx}
	if err := g.startOrQueue(p); err != nil {
		return nil, err
	}
	if err := g.await(ctx, p); err != nil {
		return nil, err
	}
	return p, nil
}

// startOrQueue gives p a slot or a place in the queue.
func (g *Gate) startOrQueue(p *Pass) error {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch v := g.circuit.admit(now, g.free(p.known)); {
	case v == refuse:
		return &CircuitOpenError{Wait: g.circuit.until.Sub(now)}
	case v == passAndProbe:
		g.sendProbe()
		p.trial = true
		g.start(p, now)
		return nil
	case v == pass && g.free(p.known):
		g.start(p, now)
		return nil
	case v == waitAndProbe:
		g.sendProbe()
	}
	if g.waiting.len() >= g.c.Waiting {
		oldest := g.waiting.oldest()
		if oldest == nil || oldest.known && !p.known {
			return ErrQueueFull
		}
		g.reject(oldest, ErrQueueFull)
	}
	p.state, p.came = inQueue, now
	g.waiting.push(p)
	g.cancelOvertaken()
	return nil
}

// await waits until p is admitted or rejected. After half of the patience, a second at most, it has
// a probe sent if no call was answered: the endpoint may be slow for all or hang for some.
func (g *Gate) await(ctx context.Context, p *Pass) error {
	select {
	case <-p.ready:
		return p.err
	default:
	}
	patience := min(g.c.Patience/2, probeInterval)
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
				return g.leave(ctx, p, errWaitTooLong)
			}
			g.probeIfSilent()
			timer.Reset(left)
		}
	}
}

// leave ends the wait of p because of err. If p was admitted or rejected at the same moment, that
// counts, but a call whose context has ended gives its slot back.
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
