package admission

import (
	"math/rand/v2"
	"time"
)

// The rules of the circuit.
const (
	minFailures   = 5                      // failed calls since the last answer, before a probe is sent
	minSilence    = 150 * time.Millisecond // without an answer, before a probe is sent
	probeInterval = time.Second            // between two probes, at least
	probeWait     = time.Second            // how long callers wait for the answer to a probe
	minPause      = time.Second            // after a failed probe; half of the outage, if that is more
	maxPause      = 5 * time.Second
	trialEvery    = 4 // one of so many pauses of full length ends with a real call, too
)

type state int

const (
	closed  state = iota
	probing       // a probe is under way, callers wait for its outcome
	open          // callers are refused
)

// circuit is the state machine, without a lock and without a clock.
type circuit struct {
	state    state
	failures int       // since the last answer
	answered time.Time // when the last answer came

	probed       time.Time // when the last probe was sent; zero if that probe ended an outage
	probe        int       // the number of the last probe
	pending      bool      // the last probe has not ended yet
	inBackground bool      // its outcome decides, although callers do not wait for it
	byRetryAfter bool      // the only reason for it was that the endpoint asked to be left alone
	checking     bool      // it shows whether probes fail while the endpoint answers others
	unreliable   bool      // they do

	pause      time.Duration // the last one; zero while the circuit has not opened
	until      time.Time     // end of the pause
	longPauses int           // pauses of full length in this outage
	trial      bool          // a real call is tried at the end of the pause, too
	opened     time.Time     // when the circuit opened first
	refused    int           // calls since then
}

// verdict is what becomes of a caller.
type verdict int

const (
	pass verdict = iota
	wait
	waitAndProbe // wait, and send a probe
	passAndProbe // pass, although the circuit is open, and send a probe
	refuse
)

// admit decides about a caller that comes now. Free reports whether there is a slot for it.
func (c *circuit) admit(now time.Time, free bool) verdict {
	switch {
	case c.state == closed:
		return pass
	case c.state == probing:
		return wait
	case now.Before(c.until):
		c.refused++
		return refuse
	case c.trial && free:
		c.trial = false
		c.beginProbing(now)
		return passAndProbe
	}
	c.beginProbing(now)
	return waitAndProbe
}

// beginProbing notes that a probe is sent now, and that callers wait for it.
func (c *circuit) beginProbing(now time.Time) {
	c.state = probing
	c.beginProbe(now)
}

// beginProbe notes that a probe is sent now.
func (c *circuit) beginProbe(now time.Time) {
	c.probed, c.pending = now, true
	c.probe++
}

// callEnded takes the outcome of a real call, which may be a trial. Slow reports that the endpoint
// is slow to answer all calls. The result reports whether a probe must be sent.
func (c *circuit) callEnded(now time.Time, o Outcome, trial, slow bool) (probe bool) {
	switch {
	case o.Evidence == None:
	case o.Evidence == Answered && trial && c.state != closed:
		c.close(now)
		c.beginProbe(now)
		c.checking = true
		return true
	case o.Evidence == Answered:
		if c.state == closed || c.state == probing && c.pause == 0 {
			c.close(now)
		}
	case c.state == closed && !(c.unreliable && o.Evidence == Doubtful):
		c.failures++
		switch {
		case c.failures >= minFailures && now.Sub(c.answered) >= minSilence:
			return c.suspect(now, slow, false)
		case o.StayAway > 0:
			return c.suspect(now, slow, true)
		}
	}
	return false
}

// suspect lets a probe decide whether the endpoint fails, the pending one if there is one. Callers
// wait for it, unless the endpoint is slow. The result reports whether a probe must be sent.
func (c *circuit) suspect(now time.Time, slow, byRetryAfter bool) (probe bool) {
	switch {
	case c.inBackground: // a probe decides already, and callers do not wait for it
		return false
	case c.pending:
	case now.Sub(c.probed) >= probeInterval:
		c.beginProbe(now)
		probe = true
	default:
		return false
	}
	c.byRetryAfter = byRetryAfter && (probe || c.byRetryAfter)
	c.inBackground = slow
	if !slow {
		c.state = probing
	}
	return probe
}

// releaseCallers lets callers go on before the probe of that number has ended, unless they are
// refused in an outage already. It reports whether it did.
func (c *circuit) releaseCallers(probe int) bool {
	if probe != c.probe || !c.pending || c.pause > 0 || c.state != probing && !c.inBackground {
		return false
	}
	c.state, c.inBackground = closed, true
	return true
}

// probeEnded takes the outcome of the probe of that number. A late answer still closes the circuit;
// any other late outcome is ignored.
func (c *circuit) probeEnded(now time.Time, probe int, o Outcome) {
	current := probe == c.probe && c.pending
	decides := current && (c.state == probing || c.inBackground)
	if current {
		if c.checking {
			c.unreliable = o.Evidence == Doubtful
		}
		c.pending, c.checking, c.inBackground = false, false, false
	}
	switch {
	case o.Evidence == Answered:
		outage := c.pause > 0
		c.unreliable = false
		c.close(now)
		if outage {
			c.probed = time.Time{} // the next probe need not wait: this one ended an outage
		}
	case !decides:
	case o.Evidence == None, c.pause == 0 && o.Evidence == Doubtful && (c.unreliable || c.byRetryAfter && o.StayAway == 0):
		c.close(now)
	default:
		c.open(now, o)
	}
}

func (c *circuit) close(now time.Time) {
	c.state, c.failures, c.pause, c.trial, c.inBackground, c.longPauses = closed, 0, 0, false, false, 0
	c.answered = now
}

func (c *circuit) open(now time.Time, o Outcome) {
	if c.pause == 0 {
		c.opened, c.refused = now, 0
	}
	c.state = open
	// The pause grows with the outage, so that a short outage ends soon. It is a little shorter than
	// documented, by a random part: a fleet must not come back at the same moment.
	c.pause = min(max(now.Sub(c.opened)/2, minPause), maxPause)
	c.until = now.Add(max(c.pause-minPause/20-rand.N(minPause/10), o.StayAway))
	if c.pause == maxPause {
		c.longPauses++
	}
	c.trial = o.Evidence == Doubtful && c.longPauses%trialEvery == 1
}
