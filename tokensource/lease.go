package tokensource

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	maxWindow      = 5 * time.Minute // the renewal is due this long before the end, or a fifth of the lifetime if less
	wallCheckEvery = time.Second     // how often usable reads the wall clock
	forever        = 100 * 365 * 24 * time.Hour
)

// lease is a token with its times. All fields but due and wallChecked are immutable.
type lease struct {
	token       Token
	start       time.Time    // just before the token was requested
	end         time.Time    // by the monotonic clock
	due         atomic.Int64 // when to renew, in nanoseconds after start; later while a renewal runs or has failed
	wallChecked atomic.Int64 // when usable read the wall clock last, in nanoseconds after start
}

func newLease(t Token, start time.Time) *lease {
	l := &lease{token: t, start: start}
	l.wallChecked.Store(-int64(wallCheckEvery))
	if t.ExpiresAt.IsZero() {
		l.end = start.Add(forever)
		l.due.Store(int64(forever))
		return l
	}
	life := min(t.ExpiresAt.Sub(start), forever)
	l.end = start.Add(life)
	window := min(life/5, maxWindow)
	window += time.Duration((rand.Float64()*0.2 - 0.1) * float64(window))
	l.due.Store(int64(life - window))
	return l
}

// alive reports whether the token is valid by both clocks. The monotonic clock stops while a
// machine sleeps, and the wall clock can be set back.
func (l *lease) alive(now time.Time) bool {
	wall := l.token.ExpiresAt.Round(0)
	return now.Before(l.end) && (wall.IsZero() || now.Round(0).Before(wall))
}

// usable reports whether the token may be returned now, and its age. It reads the monotonic clock,
// which costs half of time.Now, and once a second the wall clock. So a machine that wakes from
// sleep notices the end of a token up to a second late.
func (l *lease) usable() (age time.Duration, ok bool) {
	age = time.Since(l.start)
	if age >= l.end.Sub(l.start) {
		return age, false
	}
	if age-time.Duration(l.wallChecked.Load()) < wallCheckEvery {
		return age, true
	}
	if !l.alive(time.Now()) {
		return age, false
	}
	l.wallChecked.Store(int64(age))
	return age, true
}
