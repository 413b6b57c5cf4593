package core

// Stats is what a Verifier holds at one moment. Its numbers are taken one after the other, so they
// need not fit each other exactly.
type Stats struct {
	// ActiveEntries and InactiveEntries are the remembered answers.
	ActiveEntries, InactiveEntries int
	// ActiveBytes is what the active ones take. Config.CacheBytes bounds it.
	ActiveBytes int
	// InFlight are the calls to the introspection endpoint that are under way, Waiting the requests
	// that wait for such a call to begin.
	InFlight, Waiting int
	// CircuitOpen reports whether calls are held back because the endpoint fails.
	CircuitOpen bool
}
