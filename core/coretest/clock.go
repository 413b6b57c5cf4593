package coretest

import "time"

// Advance moves the server's clock, by which tokens expire. The clock is time.Now plus the sum of
// all advances. A negative d moves it back. Advance does not move the clock of the program under
// test: in a testing/synctest bubble, sleep instead, which moves both.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// SetTokenLifetime sets the lifetime of the tokens that the token endpoints issue from now on. The
// member expires_in is this lifetime in whole seconds. Zero means the default of the dialect: 3599
// seconds, and 299 for Curity. With a negative lifetime tokens have already expired when they are
// issued, and expires_in is negative.
func (s *Server) SetTokenLifetime(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = d
}

// tokenLifetime returns the lifetime of the tokens of a dialect's token endpoint.
func (s *Server) tokenLifetime(d Dialect) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lifetime != 0:
		return s.lifetime
	case d == Curity:
		return 299 * time.Second
	default:
		return 3599 * time.Second
	}
}

func (s *Server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.offset)
}
