package core

// Request is what a guard decides about: what an adapter takes out of a request of its framework.
// A field that an adapter does not fill can lead to a refusal, and never to access. The values are
// read during [Guard.Authorize] and not kept, so they may be views of a buffer that is used again.
type Request struct {
	// Authorization holds the values of all Authorization fields, in order, as they were received.
	Authorization []string
}
