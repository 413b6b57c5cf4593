package admission

import (
	"testing"
	"time"
)

// rounds lets so many answers come as the limit allows, again and again.
func rounds(l *limit, now *time.Time, n int, took func(atOnce int) time.Duration, waiting bool) {
	for range n {
		atOnce := l.now
		*now = now.Add(took(atOnce))
		for range atOnce {
			l.answered(*now, took(atOnce), waiting)
		}
	}
}

func always(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// AV-15: the limit grows while callers wait and the endpoint keeps its speed, and only then.
func TestLimit(t *testing.T) {
	type phase struct {
		name        string
		rounds      int
		took        func(int) time.Duration
		waiting     bool
		least, most int
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		phases []phase
	}{
		{"nobody waits", []phase{{"calm", 100, always(50 * ms), false, 64, 64}}},
		{"callers wait", []phase{
			{"one round", 1, always(50 * ms), true, 128, 128}, {"two more", 2, always(50 * ms), true, 512, 512}, {"for long", 10, always(50 * ms), true, 1024, 1024},
		}},
		{"a first answer that takes no time is not the measure", []phase{{"warm", 1, always(0), false, 64, 64}, {"a burst", 6, always(50 * ms), true, 1024, 1024}}},
		{"a little slower is not slow", []phase{{"fast", 2, always(50 * ms), true, 256, 256}, {"a little slower", 3, always(100 * ms), true, 1024, 1024}}},
		{"much slower is", []phase{{"fast", 2, always(50 * ms), true, 256, 256}, {"slow", 3, always(200 * ms), true, 100, 170}}},
		{"an endpoint that can do a thousand a second is not pushed far beyond that", []phase{
			{"a crowd", 300, func(n int) time.Duration { return max(50*ms, time.Duration(n)*ms) }, true, 64, 200},
		}},
		{"slow from the start is usual", []phase{{"slow", 4, always(900 * ms), true, 1024, 1024}}},
		{"answers that take no time", []phase{{"none", 2, always(0), true, 256, 256}, {"next to none", 2, always(4 * ms), true, 1024, 1024}}},
		{"nobody waits any more", []phase{
			{"a burst", 10, always(50 * ms), true, 1024, 1024}, {"calm", 190, always(50 * ms), false, 1024, 1024}, {"calm for long", 12, always(50 * ms), false, 64, 64},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, now := newLimit(64, 1024), time.Now()
			for _, p := range tt.phases {
				rounds(&l, &now, p.rounds, p.took, p.waiting)
				if l.now < p.least || l.now > p.most {
					t.Fatalf("%s: the limit is %d, want %d to %d", p.name, l.now, p.least, p.most)
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
	rounds(&l, &now, 100, always(50*time.Millisecond), true)
	if l.now != 64 {
		t.Errorf("the limit is %d", l.now)
	}
}
