package introspect

import (
	"sync"
	"time"
)

// rateLimit lets something happen five times, and then once a second. The zero value is ready.
type rateLimit struct {
	mu   sync.Mutex
	next time.Time // when the last of those that were let through is paid for
}

// due reports whether it may happen now, and counts it.
func (s *rateLimit) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.next.Before(now) {
		s.next = now
	}
	if s.next.Sub(now) >= 5*time.Second {
		return false
	}
	s.next = s.next.Add(time.Second)
	return true
}
