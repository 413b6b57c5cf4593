// Package breaker stops calls to an endpoint that does not answer.
package breaker

import (
	"sync"
	"time"
)

// probeWait is what callers are told while somebody else's probe is under way.
const probeWait = time.Second

// Breaker opens after Failures failed calls in a row, refuses calls for Pause, then lets one probe through at a time. It
// starts closed and is safe for concurrent use. Its fields must not change after first use.
type Breaker struct {
	Failures int
	Pause    time.Duration

	mu      sync.Mutex
	row     int       // failures in a row
	until   time.Time // zero when closed; else calls are refused before this, and probed after
	probing bool      // the one call after a pause is under way
}

// A Pass is the permission for one call. It must come back through Done.
type Pass struct{ probe bool }

// Allow says whether a call may start now, and otherwise how long to wait before asking again.
func (b *Breaker) Allow() (p Pass, wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return Pass{}, 0, true
	}
	if wait := time.Until(b.until); wait > 0 {
		return Pass{}, wait, false
	}
	if b.probing {
		return Pass{}, probeWait, false
	}
	b.probing = true
	return Pass{probe: true}, 0, true
}

// Outcome is how an allowed call ended.
type Outcome int

// Outcomes of a call. Unknown says nothing about the endpoint: the call ended for a reason of ours.
const (
	OK Outcome = iota
	Failed
	Unknown
)

// Done reports how the call of p ended. A failure that names a time to stay away opens the breaker at once for that time.
func (b *Breaker) Done(p Pass, o Outcome, stayAway time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.probe {
		b.probing = false
	}
	switch o {
	case OK:
		b.row = 0
		if p.probe && time.Until(b.until) <= 0 { // a call from before does not end a pause
			b.until = time.Time{}
		}
	case Failed:
		b.row++
		if stayAway == 0 && (p.probe || b.row >= b.Failures) {
			stayAway = b.Pause
		}
		if until := time.Now().Add(stayAway); stayAway > 0 && until.After(b.until) {
			b.until = until
		}
	}
}
