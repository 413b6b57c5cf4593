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
	asked := time.Now()
	o := Outcome{Evidence: Broken} // if it panics
	var late *time.Timer
	// Until it is sent it waits for our own token: no answer is no evidence then.
	unsent := time.AfterFunc(g.c.Timeout+grace, func() { g.settle(number, Outcome{}, asked) })
	defer func() {
		_ = recover() // told by what was called
		unsent.Stop()
		if late != nil {
			late.Stop()
		}
		g.mu.Lock()
		g.questions--
		g.mu.Unlock()
		g.settle(number, o, asked)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), g.c.Timeout)
	defer cancel()
	o = g.c.Ask(ctx, func() {
		if late == nil {
			late = time.AfterFunc(g.answerWait(), func() { g.late(number, asked) })
		}
	})
}

// answerWait is how long an answer to our own question is waited for: longer where all answers take
// longer.
func (g *Gate) answerWait() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return min(max(askWait, 2*g.limit.recent), g.c.Timeout)
}

// late is called when our own question, asked then, was not answered in time. Where nothing was
// answered yet, nobody knows what the endpoint takes: callers go on then, and the question's own end
// decides. So they do where other answers have turned out to take long meanwhile.
func (g *Gate) late(number int, asked time.Time) {
	more := g.answerWait() - time.Since(asked)
	g.mu.Lock()
	letGo := (!g.limit.seen || more > 0) && g.circuit.letGo(number)
	if letGo {
		g.serve(time.Now())
	}
	unknown := letGo && !g.limit.seen
	g.mu.Unlock()
	switch {
	case unknown:
	case more > 0:
		time.AfterFunc(more, func() { g.late(number, asked) })
	default:
		g.settle(number, Outcome{Evidence: Broken}, asked)
	}
}

// slow reports whether answers take so long that callers must not wait for our own question first.
// g.mu is held.
func (g *Gate) slow() bool { return g.limit.recent > askWait/2 }

// settle takes the outcome of our own question, asked then.
func (g *Gate) settle(number int, o Outcome, asked time.Time) {
	now := time.Now()
	g.mu.Lock()
	was := g.circuit
	g.circuit.settled(now, number, o)
	if o.Evidence == Answered && asked.After(g.newest) {
		g.newest = asked
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
	idle := now.Sub(g.circuit.answered) >= askEvery && now.Sub(g.circuit.asked) >= askEvery
	if g.circuit.state != closed || g.circuit.pending || !idle {
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
