package admission

import (
	"context"
	"time"
)

// sendProbe sends the probe that the circuit has begun. g.mu is held.
func (g *Gate) sendProbe() {
	number := g.circuit.probe
	if g.probes >= maxProbes { // they ignore their contexts: only a real call can tell now
		go g.probeEnded(number, Outcome{Evidence: Doubtful}, time.Now())
		return
	}
	g.probes++
	go g.probe(number)
}

// probe runs one probe. Its outcome decides about the circuit; if there is none in time, it counts
// as [Broken].
func (g *Gate) probe(number int) {
	begun := time.Now()
	o := Outcome{Evidence: Broken} // if it panics
	var overdue *time.Timer
	// A probe that is not sent yet waits for our own token. A missing answer is no evidence then.
	unsent := time.AfterFunc(g.c.Timeout+grace, func() { g.probeEnded(number, Outcome{}, begun) })
	defer func() {
		_ = recover() // Config.Probe reports its panics itself
		unsent.Stop()
		if overdue != nil {
			overdue.Stop()
		}
		g.mu.Lock()
		g.probes--
		g.mu.Unlock()
		g.probeEnded(number, o, begun)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), g.c.Timeout)
	defer cancel()
	o = g.c.Probe(ctx, func() {
		if overdue == nil {
			overdue = time.AfterFunc(g.probeWait(), func() { g.probeOverdue(number, begun) })
		}
	})
}

// probeWait is how long the answer to a probe is waited for: longer where all answers take longer.
func (g *Gate) probeWait() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return min(max(probeWait, 2*g.limit.recent), g.c.Timeout)
}

// probeOverdue is called when a probe that began then was not answered in time. If the endpoint has
// never answered, its usual speed is not known: callers go on, and the end of the probe decides.
// They also go on if other answers have turned out to take long meanwhile.
func (g *Gate) probeOverdue(number int, begun time.Time) {
	more := g.probeWait() - time.Since(begun)
	g.mu.Lock()
	released := (!g.limit.measured || more > 0) && g.circuit.releaseCallers(number)
	if released {
		g.serve(time.Now())
	}
	unmeasured := released && !g.limit.measured
	g.mu.Unlock()
	switch {
	case unmeasured:
	case more > 0:
		time.AfterFunc(more, func() { g.probeOverdue(number, begun) })
	default:
		g.probeEnded(number, Outcome{Evidence: Broken}, begun)
	}
}

// slow reports whether answers take so long that callers must not wait for a probe first. g.mu is
// held.
func (g *Gate) slow() bool { return g.limit.recent > probeWait/2 }

// probeEnded takes the outcome of a probe that began then.
func (g *Gate) probeEnded(number int, o Outcome, begun time.Time) {
	now := time.Now()
	g.mu.Lock()
	was := g.circuit
	g.circuit.probeEnded(now, number, o)
	if o.Evidence == Answered && begun.After(g.newest) {
		g.newest = begun
	}
	g.serve(now)
	g.cancelOvertaken()
	g.noteChange(&was)
	g.unlockAndReport()
}

// probeIfSilent sends a probe when callers wait and no call was answered for a while. If the probe
// is answered, the calls sent before it hang, and make room.
func (g *Gate) probeIfSilent() {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	silent := now.Sub(g.circuit.answered) >= probeInterval && now.Sub(g.circuit.probed) >= probeInterval
	if g.circuit.state != closed || g.circuit.pending || !silent {
		return
	}
	g.circuit.beginProbe(now)
	g.sendProbe()
}
