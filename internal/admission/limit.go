package admission

import "time"

// The rules of the limit.
const (
	slowdown    = 2                    // times the usual is slow
	slack       = 5 * time.Millisecond // and so much more, where answers take next to no time
	limitWindow = 10 * time.Second     // without a caller that waits, and the limit is the least again
)

// limit is how many calls may be in flight: the least at first; more, up to the most, while callers
// wait and answers take no more than twice as long as with the least; less again when they do. So a
// burst is served at the speed of the endpoint, and one that has reached its limits is not pushed
// far beyond them.
type limit struct {
	least, most int

	now      int
	seen     bool          // there was an answer
	recent   time.Duration // what answers take, smoothed
	usual    time.Duration // the same, while the limit was the least
	wanted   time.Time     // when somebody waited last
	narrowed time.Time     // when it was made less
}

func newLimit(least, most int) limit { return limit{least: least, most: max(least, most), now: least} }

// answered takes the time that an answer took, and whether callers wait.
func (l *limit) answered(now time.Time, took time.Duration, waiting bool) {
	if !l.seen {
		l.seen, l.recent = true, took
	}
	l.recent += (took - l.recent) / 8
	if l.now == l.least {
		l.usual = l.recent
	}
	if waiting {
		l.wanted = now
	}
	switch {
	case l.recent > slowdown*l.usual+slack:
		if now.Sub(l.narrowed) >= l.recent { // the effect takes its time to be seen
			l.now = max(l.now*4/5, l.least)
			l.narrowed = now
		}
	case waiting:
		l.widen()
	case now.Sub(l.wanted) >= limitWindow:
		l.now = l.least
	}
}

// widen makes room for one more.
func (l *limit) widen() { l.now = min(l.now+1, l.most) }

// reset forgets all: the endpoint has failed.
func (l *limit) reset() { *l = newLimit(l.least, l.most) }
