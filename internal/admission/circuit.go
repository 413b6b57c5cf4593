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
	firstPause  = time.Second            // after the first failed question; doubles
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
	asked    time.Time     // when our own question was asked last
	question int           // the number of our own question
	pause    time.Duration // the last one, zero while the circuit has not opened
	until    time.Time     // end of the pause
	trial    bool          // one real call may be tried in this pause
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
	case !now.Before(c.until):
		c.begin(now)
		return waitAndAsk
	case c.trial:
		c.trial = false
		return try
	}
	c.refused++
	return refuse
}

// begin notes that our own question is asked now.
func (c *circuit) begin(now time.Time) {
	c.state = asking
	c.asked = now
	c.question++
}

// called takes the outcome of a real call. It reports whether our own question is to be asked.
func (c *circuit) called(now time.Time, o Outcome, trial bool) (ask bool) {
	switch {
	case o.Evidence == None:
	case o.Evidence == Answered:
		if c.state == closed || c.state == asking && c.pause == 0 || trial {
			c.close(now)
		}
	case c.state == closed:
		c.failures++
		if (o.StayAway > 0 || c.failures >= minFailures && now.Sub(c.answered) >= quiet) && now.Sub(c.asked) >= askEvery {
			c.begin(now)
			return true
		}
	}
	return false
}

// settled takes the outcome of our own question of that number. An answer that comes late still closes the
// circuit; any other late outcome means nothing.
func (c *circuit) settled(now time.Time, question int, o Outcome) {
	current := question == c.question && c.state == asking
	switch {
	case o.Evidence == Answered, current && o.Evidence == None:
		c.close(now)
	case current:
		c.open(now, o)
	}
}

func (c *circuit) close(now time.Time) {
	c.state, c.failures, c.pause, c.trial = closed, 0, 0, false
	c.answered = now
}

func (c *circuit) open(now time.Time, o Outcome) {
	c.trial = o.Evidence == Doubtful && c.pause > 0
	if c.pause == 0 {
		c.opened, c.refused, c.pause = now, 0, firstPause
	} else {
		c.pause = min(2*c.pause, maxPause)
	}
	c.state = open
	// A little less than the pause, and not the same everywhere: a fleet must not come back as one.
	shortened := c.pause*17/20 + rand.N(c.pause/10)
	c.until = now.Add(max(shortened, o.StayAway))
}
