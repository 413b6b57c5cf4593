package admission

import "time"

// The rules of the limit.
const (
	limitWindow = 10 * time.Second     // the fastest answer of the last one or two of these is what is usual
	slowdown    = 2                    // times the usual is slow
	slack       = 5 * time.Millisecond // and so much more, where answers take next to no time
)

// limit is how many calls may be in flight: the least at first; more, up to the most, while callers wait and the
// endpoint answers as fast as it did; less again when it gets slower, or when nobody has waited for a while. So a
// burst is served at the speed of the endpoint, and one that has reached its limits is not pushed over them.
type limit struct {
	least, most int

	now      int
	recent   time.Duration // what answers take, smoothed; zero until the first
	fastest  time.Duration // of this window
	before   time.Duration // of the one before
	began    time.Time     // of this window
	wanted   bool          // somebody has waited in this window
	narrowed time.Time     // when it was made less
}

func newLimit(least, most int) limit { return limit{least: least, most: max(least, most), now: least} }

// answered takes the time that an answer took, and whether callers wait.
func (l *limit) answered(now time.Time, took time.Duration, waiting bool) {
	if l.began.IsZero() || now.Sub(l.began) >= limitWindow {
		l.rotate(now, took)
	}
	l.fastest = min(l.fastest, took)
	l.recent += (took - l.recent) / 8
	l.wanted = l.wanted || waiting
	switch usual := min(l.fastest, l.before); {
	case l.recent > slowdown*usual+slack:
		if now.Sub(l.narrowed) >= l.recent { // what was sent before takes its time to be seen
			l.now = max(l.now*4/5, l.least)
			l.narrowed = now
		}
	case waiting:
		l.now = min(l.now+1, l.most)
	}
}

// rotate begins a window.
func (l *limit) rotate(now time.Time, took time.Duration) {
	if !l.wanted {
		l.now = l.least
	}
	if l.began.IsZero() {
		l.recent, l.fastest = took, took
	}
	l.before, l.fastest = l.fastest, took
	l.began, l.wanted = now, false
}

// reset forgets all: the endpoint has failed.
func (l *limit) reset() { *l = newLimit(l.least, l.most) }
