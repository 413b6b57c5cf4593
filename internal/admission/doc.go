// Package admission decides who may ask the authorization server now: how many calls are in
// flight, who waits, who goes first, and when the server is left alone. It knows evidence, not
// HTTP: a caller says at the end of its call what that end shows about the endpoint.
//
// # Slots and the queue
//
// Config.Slots calls are in flight at most; while callers wait and the endpoint answers as fast
// as before, more and more, up to Config.MaxSlots. As many as a quarter of Config.Slots are kept
// for tokens that were active before ("known"), so that strangers cannot take all. Who finds no
// slot waits: known tokens go first, and within each kind the newest goes first, because under
// overload the newest caller is the one that still has time; each fourth time it is the oldest,
// so that a burst that can be served in time is served whole. The queue is bounded; beyond the
// bound the caller that has waited longest is turned away.
//
// A call that hangs while the endpoint answers others holds no slot for long: when somebody waits,
// a call is given up once another one about a good token, sent later by ten times what answers take
// (a quarter of a second to a second), has been answered. Garbage may be answered more quickly than
// good tokens are, so an answer about it counts only if it was sent later by two fifths of
// Config.Timeout; so does the answer to a question of our own, which is asked when callers wait and
// none is answered.
//
// # The circuit
//
// A single bad answer may be about one token: a firewall or a bug of the server can make any
// token of a stranger fail. So failed calls are a reason to ask a question of our own, about a
// token that cannot exist, and its answer decides. Our question is asked when five calls have
// failed since the last answer and none was answered for 150 ms, or when the
// server asks to be left alone (Retry-After), at most once a second. Callers wait for it, a
// second at most, unless answers take long anyway. If it fails, the circuit opens: calls are
// refused for about one second, for half of the outage when that is more, for five seconds at most,
// or for as long as the server tells our own question to stay away. The first caller after a pause
// makes us ask our question again; an answer to it closes the circuit.
//
// Some servers answer every unknown token with an error, our own question included. So every fourth
// of the long pauses ends with a real call beside our question: an answer to that closes the
// circuit as well, its failure changes nothing. If our question fails even then, error statuses are
// no evidence at that server until our question is answered again.
//
// A rate of failures opens nothing as long as some calls are answered: what fails is refused,
// and no more.
//
// # Why not a library
//
// sony/gobreaker and failsafe-go were read for this. Their breakers and throttles take each
// caller's outcome as evidence about the endpoint, and close the circuit by letting callers
// try: both hand the decision to whoever sends the most bad tokens. failsafe-go's limiters
// queue first come, first served, do not cancel a call that hangs, and bring grpc, protobuf and
// testify into the module graph of every user. What is left is this package.
package admission
