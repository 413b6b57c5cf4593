package tokensource

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// CC-45, A29: the two clocks of a time may disagree, which no test can make happen, so a lease is made whose ends do.
func TestLeaseNeedsBothClocks(t *testing.T) {
	start := time.Now()
	tests := []struct {
		name      string
		wall      time.Time // when the token ends by the wall clock
		monotonic time.Duration
		at        time.Duration
		alive     bool
	}{
		{"both clocks are before the end", start.Add(time.Hour), time.Hour, time.Hour - 1, true},
		{"both clocks are at the end", start.Add(time.Hour), time.Hour, time.Hour, false},
		{"the wall clock jumped ahead, as after a sleep", start.Add(-time.Hour), time.Hour, 0, false},
		{"the wall clock was set back", start.Add(2 * time.Hour), time.Hour, time.Hour, false},
		{"the wall clock was set back, in time", start.Add(2 * time.Hour), time.Hour, time.Hour - 1, true},
		{"the token does not end", time.Time{}, forever, 50 * 365 * 24 * time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wall := tt.wall.Round(0)
			l := &lease{token: Token{ExpiresAt: wall}, start: start, end: start.Add(tt.monotonic)}
			if got := l.alive(start.Add(tt.at)); got != tt.alive {
				t.Errorf("alive %v after the start: %v, want %v", tt.at, got, tt.alive)
			}
		})
	}
}

// A token of Func may have an end without a monotonic reading, such as one out of a file.
func TestLeaseOfAWallClockEnd(t *testing.T) {
	start := time.Now()
	l := newLease(Token{ExpiresAt: start.Round(0).Add(time.Hour)}, start)
	if d := l.end.Sub(start); d != time.Hour {
		t.Errorf("the lease ends after %v by the monotonic clock, want 1h", d)
	}
	if far := newLease(Token{ExpiresAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, start); !far.alive(start.Add(time.Hour)) {
		t.Error("an end in the year 9999 is over")
	}
}

// CC-37, CC-42
func TestRenewalIsSpreadAndEarly(t *testing.T) {
	tests := []struct {
		name         string
		life, window time.Duration
	}{
		{"an hour: five minutes", time.Hour, 5 * time.Minute},
		{"a day: five minutes", 24 * time.Hour, 5 * time.Minute},
		{"a minute: a fifth", time.Minute, 12 * time.Second},
		{"five seconds: a fifth", 5 * time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			first, last := tt.life, time.Duration(0)
			for range 1000 {
				due := time.Duration(newLease(Token{ExpiresAt: start.Add(tt.life)}, start).due.Load())
				first, last = min(first, due), max(last, due)
			}
			earliest, latest := tt.life-tt.window*11/10, tt.life-tt.window*9/10
			if first < earliest || last > latest {
				t.Errorf("renewals are due from %v to %v, want within %v to %v", first, last, earliest, latest)
			}
			if spread := last - first; spread < tt.window/10 {
				t.Errorf("a thousand renewals are spread over %v, want about %v", spread, tt.window/5)
			}
		})
	}
}

func TestPause(t *testing.T) {
	wrong := &EndpointError{Status: 400, Code: ErrInvalidClient}
	tests := []struct {
		name        string
		err         error
		failures    int
		least, most time.Duration
	}{
		{"the first failure", errUnsafe, 1, time.Second, 1200 * time.Millisecond},
		{"the third failure", errUnsafe, 3, 4 * time.Second, 4800 * time.Millisecond},
		{"the fifth failure", errUnsafe, 5, 10 * time.Second, 12 * time.Second},
		{"the millionth failure", errUnsafe, 1_000_000, 10 * time.Second, 12 * time.Second},
		{"the first refusal", wrong, 1, 1600 * time.Millisecond, 2 * time.Second}, // AV-12
		{"the third refusal", wrong, 3, 6400 * time.Millisecond, 8 * time.Second},
		{"the eighth refusal", wrong, 8, 205*time.Second - 200*time.Millisecond, 256 * time.Second},
		{"the millionth refusal", wrong, 1_000_000, 4 * time.Minute, 5 * time.Minute},
		{"the server names a longer time", &EndpointError{Status: 503, RetryAfter: 40 * time.Second}, 1, 40 * time.Second, 40 * time.Second},
		{"the server names a shorter time", &EndpointError{Status: 503, RetryAfter: time.Second}, 5, 10 * time.Second, 12 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 100 {
				s := &Source{lastErr: tt.err, failures: tt.failures, refusals: tt.failures}
				if d := s.backoff(); d < tt.least || d > tt.most {
					t.Fatalf("pause is %v, want %v to %v", d, tt.least, tt.most)
				}
			}
		})
	}
}

// CC-45: the wall clock is asked at first, and again after a second, not on every call.
func TestLeaseAsksTheWallClockOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLease(Token{ExpiresAt: time.Now().Add(time.Hour)}, time.Now())
		usable := func(want bool) {
			t.Helper()
			if age, ok := l.usable(); ok != want {
				t.Errorf("usable at the age of %v: %v, want %v", age, ok, want)
			}
		}
		usable(true)
		l.token.ExpiresAt = time.Now().Round(0).Add(-time.Minute) // as if the machine had slept
		time.Sleep(wallCheckEvery - 1)
		usable(true)
		time.Sleep(time.Nanosecond)
		usable(false)
		usable(false)
		l.token.ExpiresAt = time.Now().Add(48 * time.Hour) // as if the wall clock were set back
		usable(true)
		time.Sleep(time.Hour)
		usable(false)
	})
}

// The wall clock is asked once a second: a token that has ended by it, on a machine that slept, is not
// used any longer then.
func TestTheWallClockIsAskedEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLease(Token{AccessToken: "t", ExpiresAt: time.Now().Add(time.Hour)}, time.Now())
		if _, ok := l.usable(); !ok {
			t.Fatal("a new token is not usable")
		}
		l.token.ExpiresAt = time.Now().Round(0).Add(-time.Minute) // the machine has slept
		time.Sleep(999 * time.Millisecond)
		if _, ok := l.usable(); !ok {
			t.Error("the wall clock was asked within a second")
		}
		time.Sleep(time.Millisecond)
		if _, ok := l.usable(); ok {
			t.Error("an ended token is used after a second")
		}
	})
}

// Invalidate and Renew are about the token that they name: one that came meanwhile stays.
func TestInvalidateComparesUnderTheLock(t *testing.T) {
	for range 50 {
		s := Static("old")
		old := s.current.Load()
		s.mu.Lock()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Invalidate(old.token)
		}()
		for range 10_000 { // it waits for the lock by now
			runtime.Gosched()
		}
		fresh := newLease(Token{AccessToken: "new"}, time.Now())
		s.current.Store(fresh)
		s.mu.Unlock()
		<-done
		if s.current.Load() != fresh {
			t.Fatal("a late Invalidate forgot the token that came meanwhile")
		}
	}
}
