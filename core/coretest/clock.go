package coretest

import "time"

// Advance moves the server's clock, which is time.Now plus what Advance added up. Tokens expire by it. A negative d moves
// it back. The clock of the program under test does not move: inside a testing/synctest bubble, sleep to move both.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// SetTokenLifetime sets how long tokens of the token endpoint are valid from now on, which is expires_in in whole seconds.
// Zero means the default of 3599 seconds. With a negative one they are born expired, and expires_in is negative.
func (s *Server) SetTokenLifetime(d time.Duration) {
	if d == 0 {
		d = defaultLifetime
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = d
}

func (s *Server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.offset)
}
