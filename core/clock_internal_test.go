package core

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// IN-87: the wall clock is asked at first and after a second, and both times agree with time.Now in between.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
		for range 5 {
			time.Sleep(700*time.Millisecond + time.Microsecond)
			at, wall := c.now()
			if want := time.Since(c.epoch); at != want {
				t.Errorf("%v since the epoch, want %v", at, want)
			}
			if want := introspect.Instant(time.Now().UnixMilli()); wall != want {
				t.Errorf("the time of day is %d, want %d", wall, want)
			}
		}
		asked := time.Duration(c.asked.Load())
		c.offset.Add(int64(time.Hour)) // as if the wall clock had been set back by an hour since it was asked
		time.Sleep(asked + wallEvery - 1 - time.Since(c.epoch))
		if _, wall := c.now(); time.Until(wall.Time()).Round(time.Minute) != time.Hour {
			t.Error("the wall clock was asked within a second")
		}
		time.Sleep(time.Nanosecond)
		if _, wall := c.now(); wall != introspect.Instant(time.Now().UnixMilli()) {
			t.Error("the wall clock was not asked after a second")
		}
	})
}

// The wall clock is asked once a second, not less often.
func TestTheWallClockIsAskedEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
		c.now()
		c.offset.Add(int64(time.Hour)) // the wall clock is set back after that
		time.Sleep(999 * time.Millisecond)
		if _, wall := c.now(); time.Until(wall.Time()) < 59*time.Minute {
			t.Error("the wall clock was asked within a second")
		}
		time.Sleep(time.Millisecond)
		if _, wall := c.now(); time.Until(wall.Time()).Abs() > time.Second {
			t.Errorf("after a second it is %v", wall.Time())
		}
	})
}
