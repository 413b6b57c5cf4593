package coretest

// Revoke makes a token inactive at once, as a logout does. If it belongs to a confidential client,
// the endpoints refuse it from now on. Revoke also removes the answer of [Server.SetAnswer]. It
// ignores an unknown token.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.grants, token)
	delete(s.answers, token)
}

// DisableDevice makes every token of a device inactive, including those minted later. It cannot be
// undone.
func (s *Server) DisableDevice(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled[id] = true
}

// Restart restarts the server with new signing keys. It forgets every token issued so far: the
// endpoints refuse a confidential client's with 401, and an app's is inactive. Clients, scripted
// faults and answers, disabled devices, the clock and the counts stay.
func (s *Server) Restart() {
	header := newKeyHeader()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header, s.keys = header, nil
	clear(s.grants)
}

// liveGrant finds a token of a dialect that is valid now.
func (s *Server) liveGrant(d Dialect, token string) (*grant, bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.grants[token]
	if !ok || g.Dialect != d || !now.Before(g.expires) {
		return nil, false
	}
	if d := g.mobile.Device; d != nil && s.disabled[d.ID] {
		return nil, false
	}
	return g, true
}
