package admission

import (
	"context"
	"time"
)

// ask sends our own question. Its outcome decides about the circuit, after askWait in its absence.
// g.mu is held.
func (g *Gate) ask() {
	number := g.circuit.question
	if g.questions >= maxQuestions { // they ignore their context: only a real call can tell now
		go g.settle(number, Outcome{Evidence: Doubtful}, time.Now())
		return
	}
	g.questions++
	go g.question(number)
}

func (g *Gate) question(number int) {
	sent := time.Now()
	late := time.AfterFunc(askWait, func() { g.settle(number, Outcome{Evidence: Broken}, sent) })
	o := Outcome{Evidence: Broken} // if it panics
	defer func() {
		_ = recover() // told by what was called
		late.Stop()
		g.mu.Lock()
		g.questions--
		g.mu.Unlock()
		g.settle(number, o, sent)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), g.c.Timeout)
	defer cancel()
	o = g.c.Ask(ctx)
}

// settle takes the outcome of our own question, sent then.
func (g *Gate) settle(number int, o Outcome, sent time.Time) {
	now := time.Now()
	g.mu.Lock()
	was := g.circuit
	g.circuit.settled(now, number, o)
	if o.Evidence == Answered && sent.After(g.newest) {
		g.newest = sent
	}
	g.serve(now)
	g.relieve()
	told := g.change(&was)
	g.mu.Unlock()
	told()
}

// lookAround asks our own question when callers wait and no call was answered for a while: if it is
// answered, the calls sent before it hang, and make room.
func (g *Gate) lookAround() {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	idle := now.Sub(g.circuit.answered) >= overtaken && now.Sub(g.circuit.asked) >= askEvery
	if g.circuit.state != closed || !idle {
		return
	}
	g.circuit.ask(now)
	g.ask()
}

// change returns what tells Config.Changed of a change of the circuit since was. g.mu is held; the
// result is to be called without it.
func (g *Gate) change(was *circuit) func() {
	is := &g.circuit
	var c Change
	switch {
	case g.c.Changed == nil:
		return func() {}
	case was.pause == 0 && is.pause != 0:
		c = Change{Open: true, Failures: is.failures, Pause: is.until.Sub(is.opened)}
	case was.pause != 0 && is.pause == 0:
		c = Change{After: is.answered.Sub(is.opened), Refused: is.refused}
	default:
		return func() {}
	}
	return func() { g.c.Changed(c) }
}
