package core

import (
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// wallEvery is how often the wall clock is asked.
const wallEvery = time.Second

// clock tells the two times of a request for half the price of time.Now: it reads the monotonic
// clock, and the wall clock once a second. So a comparison with "exp" may notice a second late that
// the wall clock was set or the machine was asleep. How long an answer is remembered does not
// depend on it.
type clock struct {
	epoch  time.Time    // what monotonic times count from
	asked  atomic.Int64 // when the wall clock was asked last, in nanoseconds since epoch
	offset atomic.Int64 // what it was ahead of the monotonic one, in nanoseconds
}

func newClock() *clock {
	c := &clock{epoch: time.Now()}
	c.asked.Store(-int64(wallEvery))
	return c
}

// now returns the time since epoch, and the time of day.
func (c *clock) now() (at time.Duration, wall introspect.Instant) {
	at = time.Since(c.epoch)
	if at-time.Duration(c.asked.Load()) >= wallEvery {
		t := time.Now()
		c.offset.Store(t.UnixNano() - int64(t.Sub(c.epoch)))
		c.asked.Store(int64(at))
	}
	return at, introspect.Instant((c.offset.Load() + int64(at)) / int64(time.Millisecond))
}
