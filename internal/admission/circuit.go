package admission

import (
	"math/rand/v2"
	"time"
)

// The rules of the circuit.
const (
	minFailures = 5                      // failed calls since the last answer, before we ask ourselves
	quiet       = 150 * time.Millisecond // without an answer, before we ask ourselves
	askEvery    = time.Second            // our own question at most
	askWait     = time.Second            // how long its answer is waited for
	minPause    = time.Second            // after a failed question; half of the outage, if that is more
	maxPause    = 5 * time.Second
	trialEvery  = 4 // one of so many pauses of full length ends with a real call, too
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
	asked    time.Time     // when our own question was asked last, zero if that has ended an outage
	question int           // the number of our own question
	pending  bool          // it is not settled yet
	pause    time.Duration // the last one, zero while the circuit has not opened
	until    time.Time     // end of the pause
	long     int           // pauses of full length in this outage
	trial    bool          // a real call is tried at the end of the pause, too
	doubting bool          // our own question decides, although callers do not wait for it
	wished   bool          // it is asked only because the endpoint wished to be left alone
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
	tryAndAsk  // pass, although the circuit is open, and likewise
	refuse
)

// admit decides about a caller that comes now, for whom there may be a free slot.
func (c *circuit) admit(now time.Time, free bool) verdict {
	switch {
	case c.state == closed:
		return pass
	case c.state == asking:
		return wait
	case now.Before(c.until):
		c.refused++
		return refuse
	case c.trial && free:
		c.trial = false
		c.begin(now)
		return tryAndAsk
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

// called takes the outcome of a real call, which may be a trial; slow says that the endpoint takes
// its time for all. It reports whether our own question is to be asked.
func (c *circuit) called(now time.Time, o Outcome, trial, slow bool) (ask bool) {
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
		switch {
		case c.failures >= minFailures && now.Sub(c.answered) >= quiet:
			return c.doubt(now, slow, false)
		case o.StayAway > 0:
			return c.doubt(now, slow, true)
		}
	}
	return false
}

// doubt lets our own question decide. It reports whether it is to be asked; it may be under way
// already. Callers wait for it, unless they would wait for long.
func (c *circuit) doubt(now time.Time, slow, wished bool) (ask bool) {
	switch {
	case c.doubting: // it is under way, and callers were let go
		return false
	case c.pending:
	case now.Sub(c.asked) >= askEvery:
		c.ask(now)
		ask = true
	default:
		return false
	}
	c.wished = wished && (ask || c.wished)
	c.doubting = slow
	if !slow {
		c.state = asking
	}
	return ask
}

// letGo lets callers go on before our own question of that number is settled, unless they are
// refused in an outage already. It reports whether it does.
func (c *circuit) letGo(question int) bool {
	if question != c.question || !c.pending || c.pause > 0 || c.state != asking && !c.doubting {
		return false
	}
	c.state, c.doubting = closed, true
	return true
}

// settled takes the outcome of our own question of that number. An answer that comes late still
// closes the circuit; any other late outcome means nothing.
func (c *circuit) settled(now time.Time, question int, o Outcome) {
	current := question == c.question && c.pending
	decides := current && (c.state == asking || c.doubting)
	if current {
		if c.learning {
			c.useless = o.Evidence == Doubtful
		}
		c.pending, c.learning, c.doubting = false, false, false
	}
	switch {
	case o.Evidence == Answered:
		outage := c.pause > 0
		c.useless = false
		c.close(now)
		if outage {
			c.asked = time.Time{} // so that the next question need not wait: this one was worth it
		}
	case !decides:
	case o.Evidence == None, c.pause == 0 && o.Evidence == Doubtful && (c.useless || c.wished && o.StayAway == 0):
		c.close(now)
	default:
		c.open(now, o)
	}
}

func (c *circuit) close(now time.Time) {
	c.state, c.failures, c.pause, c.trial, c.doubting, c.long = closed, 0, 0, false, false, 0
	c.answered = now
}

func (c *circuit) open(now time.Time, o Outcome) {
	if c.pause == 0 {
		c.opened, c.refused = now, 0
	}
	c.state = open
	// The pause grows with the outage, so that a short one ends soon. It is a little shorter than
	// said, and not the same everywhere: a fleet must not come back at the same moment.
	c.pause = min(max(now.Sub(c.opened)/2, minPause), maxPause)
	c.until = now.Add(max(c.pause-minPause/20-rand.N(minPause/10), o.StayAway))
	if c.pause == maxPause {
		c.long++
	}
	c.trial = o.Evidence == Doubtful && c.long%trialEvery == 1
}
