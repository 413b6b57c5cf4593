package admission

import "time"

// The rules of the limit.
const (
	slowdown    = 2                    // times the usual is slow
	slack       = 5 * time.Millisecond // in addition, for answers that take almost no time
	limitWindow = 10 * time.Second     // without a waiting caller, before the limit falls to the least
)

// limit is how many calls may be in flight. It begins at the least. While callers wait and answers
// take no more than twice as long as with the least, it grows, up to the most; when answers take
// longer, it shrinks. So a burst is served at the speed of the endpoint, and an endpoint at its own
// limit is not pushed far beyond it.
type limit struct {
	least, most int

	now      int
	measured bool          // there was an answer
	recent   time.Duration // what answers take, smoothed
	usual    time.Duration // the same, while the limit was the least
	waitedAt time.Time     // when a caller waited last
	shrunkAt time.Time     // when the limit shrank last
}

func newLimit(least, most int) limit { return limit{least: least, most: max(least, most), now: least} }

// answered takes the time that an answer took, and whether callers wait.
func (l *limit) answered(now time.Time, took time.Duration, waiting bool) {
	if !l.measured {
		l.measured, l.recent = true, took
	}
	l.recent += (took - l.recent) / 8
	if l.now == l.least {
		l.usual = l.recent
	}
	if waiting {
		l.waitedAt = now
	}
	switch {
	case l.recent > slowdown*l.usual+slack:
		if now.Sub(l.shrunkAt) >= l.recent { // the effect shows only after an answer or so
			l.now = max(l.now*4/5, l.least)
			l.shrunkAt = now
		}
	case waiting:
		l.grow()
	case now.Sub(l.waitedAt) >= limitWindow:
		l.now = l.least
	}
}

// grow makes room for one more call.
func (l *limit) grow() { l.now = min(l.now+1, l.most) }

// reset forgets all measurements: the endpoint has failed.
func (l *limit) reset() { *l = newLimit(l.least, l.most) }
