package admission

import (
	"math/rand/v2"
	"time"
)

// The rules of the circuit.
const (
	minFailures = 5                      // failed calls since the last answer, before we ask ourselves
	quiet       = 200 * time.Millisecond // without an answer, before we ask ourselves
	askEvery    = time.Second            // our own question at most
	askWait     = time.Second            // how long its answer is waited for
	minPause    = time.Second            // after a failed question; half of the outage, if that is more
	maxPause    = 5 * time.Second
)

type state int

const (
	closed state = iota
	asking       // our own question is under way, callers wait for its answer
	open         // callers are refused
)

// circuit is the state machine, without a lock and without a clock.
type circuit struct {
	state    state
	failures int           // since the last answer
	answered time.Time     // when the last answer came
	asked    time.Time     // when our own question was asked last, zero when that ended an outage
	question int           // the number of our own question
	pending  bool          // it is not settled yet
	pause    time.Duration // the last one, zero while the circuit has not opened
	until    time.Time     // end of the pause
	trial    bool          // the pause ends with a real call, and not with our own question
	ever     bool          // our own question has been answered once
	learning bool          // it is asked to learn whether it fails while the endpoint answers others
	useless  bool          // it does
	opened   time.Time     // when the circuit opened first
	refused  int           // calls since then
}

// verdict is what becomes of a caller.
type verdict int

const (
	pass verdict = iota
	wait
	waitAndAsk // wait, and our own question is to be asked
	try        // pass, although the circuit is open
	refuse
)

// admit decides about a caller that comes now.
func (c *circuit) admit(now time.Time) verdict {
	switch {
	case c.state == closed:
		return pass
	case c.state == asking:
		return wait
	case now.Before(c.until):
		c.refused++
		return refuse
	case c.trial:
		c.rest(now, 0)
		return try
	}
	c.begin(now)
	return waitAndAsk
}

// begin notes that our own question is asked now, and that callers wait for it.
func (c *circuit) begin(now time.Time) {
	c.state = asking
	c.ask(now)
}

// ask notes that our own question is asked now.
func (c *circuit) ask(now time.Time) {
	c.asked, c.pending = now, true
	c.question++
}

// called takes the outcome of a real call, which may be a trial. It reports whether our own
// question is to be asked.
func (c *circuit) called(now time.Time, o Outcome, trial bool) (ask bool) {
	switch {
	case o.Evidence == None:
	case o.Evidence == Answered && trial && c.state != closed:
		c.close(now)
		c.ask(now)
		c.learning = true
		return true
	case o.Evidence == Answered:
		if c.state == closed || c.state == asking && c.pause == 0 {
			c.close(now)
		}
	case c.state == closed && !(c.useless && o.Evidence == Doubtful):
		c.failures++
		if o.StayAway > 0 || c.failures >= minFailures && now.Sub(c.answered) >= quiet {
			return c.doubt(now)
		}
	}
	return false
}

// doubt makes callers wait for our own question. It reports whether it is to be asked; it may be
// under way already.
func (c *circuit) doubt(now time.Time) (ask bool) {
	switch {
	case c.pending:
		c.state = asking
	case now.Sub(c.asked) >= askEvery:
		c.begin(now)
		return true
	}
	return false
}

// settled takes the outcome of our own question of that number. An answer that comes late still
// closes the circuit; any other late outcome means nothing.
func (c *circuit) settled(now time.Time, question int, o Outcome) {
	current := question == c.question && c.pending
	if current {
		c.pending = false
		c.useless = c.learning && o.Evidence == Doubtful
		c.learning = false
	}
	switch {
	case o.Evidence == Answered:
		outage := c.pause > 0
		c.ever, c.useless = true, false
		c.close(now)
		if outage {
			c.asked = time.Time{} // it was no doubt that came to nothing
		}
	case current && c.state == asking && o.Evidence == None:
		c.close(now)
	case current && c.state == asking:
		c.open(now, o)
	}
}

func (c *circuit) close(now time.Time) {
	c.state, c.failures, c.pause, c.trial = closed, 0, 0, false
	c.answered = now
}

func (c *circuit) open(now time.Time, o Outcome) {
	if c.pause == 0 {
		c.opened, c.refused = now, 0
	}
	c.state = open
	c.rest(now, o.StayAway)
	c.trial = o.Evidence == Doubtful && !c.ever && c.pause == maxPause
}

// rest begins a pause, in proportion to the outage: who is back soon is seen soon, and a server
// that comes and goes is met when it is there. It is a little less than that, and not the same
// everywhere: a fleet must not come back as one.
func (c *circuit) rest(now time.Time, stayAway time.Duration) {
	c.pause = min(max(now.Sub(c.opened)/2, minPause), maxPause)
	c.until = now.Add(max(c.pause*17/20+rand.N(c.pause/10), stayAway))
	c.trial = false
}
