package strictjson

// nameSet holds the member names of one object. The zero nameSet is empty. It does
// not allocate for the first few names, because a body may hold a hundred thousand
// small objects.
type nameSet struct {
	few [8]string
	n   int
	all map[string]struct{} // not nil once few is full
}

// add reports whether name is new to the set.
func (s *nameSet) add(name string) bool {
	if s.all == nil {
		for _, other := range s.few[:s.n] {
			if other == name {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = name
			s.n++
			return true
		}
		s.all = make(map[string]struct{}, 2*s.n)
		for _, other := range s.few {
			s.all[other] = struct{}{}
		}
	}
	if _, dup := s.all[name]; dup {
		return false
	}
	s.all[name] = struct{}{}
	return true
}
