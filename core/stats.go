package core

// Stats is what a Verifier holds at one moment. Its numbers are taken one after the other, so they
// need not fit each other exactly.
type Stats struct {
	// ActiveEntries and InactiveEntries are the remembered answers.
	ActiveEntries, InactiveEntries int
	// ActiveBytes is what the active ones take. Config.CacheBytes bounds it.
	ActiveBytes int64
	// InFlight are the calls to the introspection endpoint that are under way, Waiting the requests
	// that wait for such a call to begin.
	InFlight, Waiting int
	// CircuitOpen reports whether calls are held back because the endpoint fails.
	CircuitOpen bool
}

// Stats returns what v holds now. It is cheap, and safe for concurrent use.
func (v *Verifier) Stats() Stats {
	if v.check() != nil {
		return Stats{}
	}
	if v.servers != nil {
		return v.servers.stats()
	}
	calls := v.introspector.Stats()
	return Stats{
		ActiveEntries:   v.cache.active.Len(),
		InactiveEntries: v.cache.inactive.Len(),
		ActiveBytes:     v.cache.active.Bytes(),
		InFlight:        calls.InFlight,
		Waiting:         calls.Waiting,
		CircuitOpen:     calls.Open,
	}
}
