package admission

import (
	"testing"
	"time"
)

// AV-15: the limit grows while callers wait and the endpoint keeps its speed, and only then.
func TestLimit(t *testing.T) {
	type phase struct {
		name    string
		rounds  int // as many answers each as the limit allows
		took    time.Duration
		waiting bool
		want    int
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		phases []phase
	}{
		{"nobody waits", []phase{{"calm", 100, 50 * ms, false, 64}}},
		{"callers wait", []phase{{"one round", 1, 50 * ms, true, 128}, {"two more", 2, 50 * ms, true, 512}, {"for long", 10, 50 * ms, true, 1024}}},
		{"the endpoint gets slower the more it gets", []phase{
			{"fast", 2, 50 * ms, true, 256}, {"slow", 2, 200 * ms, true, 165}, {"still", 20, 200 * ms, true, 64},
		}},
		{"a little slower is not slow", []phase{{"fast", 2, 50 * ms, true, 256}, {"a little slower", 3, 100 * ms, true, 1024}}},
		{"slow from the start, or for long enough, is usual", []phase{
			{"slow", 2, 900 * ms, true, 256}, {"slower", 30, 2000 * ms, true, 1024},
		}},
		{"answers that take no time", []phase{{"none", 2, 0, true, 256}, {"next to none", 2, 4 * ms, true, 1024}}},
		{"nobody waits any more", []phase{{"a burst", 10, 50 * ms, true, 1024}, {"calm", 500, 50 * ms, false, 64}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, now := newLimit(64, 1024), time.Now()
			for _, p := range tt.phases {
				for range p.rounds {
					now = now.Add(p.took)
					for range l.now {
						l.answered(now, p.took, p.waiting)
					}
				}
				if l.now != p.want {
					t.Fatalf("%s: the limit is %d, want %d", p.name, l.now, p.want)
				}
			}
			l.reset()
			if l.now != 64 {
				t.Errorf("after an outage the limit is %d", l.now)
			}
		})
	}
}

// A limit that is set is kept.
func TestFixedLimit(t *testing.T) {
	l, now := newLimit(64, 0), time.Now()
	for range 10_000 {
		now = now.Add(time.Millisecond)
		l.answered(now, 50*time.Millisecond, true)
	}
	if l.now != 64 {
		t.Errorf("the limit is %d", l.now)
	}
}
