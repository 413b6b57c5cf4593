// Package admission decides who may ask the authorization server now: how many calls are in flight,
// who waits, who goes first, and when the server is left alone. It knows evidence, not HTTP: at the
// end of a call, its caller reports what that end shows about the endpoint.
//
// # The semaphore and the queue
//
// At most Config.Slots calls are in flight. While callers wait and the endpoint answers as fast
// as before, the limit grows, up to Config.MaxSlots. As many slots as a quarter of Config.Slots
// are kept for known tokens, those that were active before, so that unknown tokens cannot take
// all.
//
// A call that finds no slot waits. Known tokens go first. Within each lane the newest call goes
// first, because under overload the newest still has time; every fourth time it is the oldest, so
// that a burst that can be served in time is served whole. The queue is bounded; beyond the bound,
// the call that has waited longest is rejected.
//
// A call that hangs while the endpoint answers others does not keep its slot for long. When a
// caller waits, a call is cancelled once it is overtaken: once another call about a good token
// has been answered that was sent later by ten times what answers take (250 ms to a second). An
// answer about a bad token may come sooner than one about a good token, so it counts only if its
// call was sent later by two fifths of Config.Timeout. The same holds for the answer to a probe,
// which is sent when callers wait and no call is answered.
//
// A background call, one that no caller waits for, gets a slot only while at least half of them are
// free, and is cancelled as soon as a caller has to wait.
//
// # The circuit
//
// A single bad answer may be about one token: a firewall or a bug of the server can make any token
// of a client fail. So failed calls do not open the circuit. They are a reason to send a probe: a
// question of our own about a token that cannot exist. Its answer decides.
//
// A probe is sent when five calls have failed since the last answer, and there was no answer for
// 150 ms, or when the server asks to be left alone (Retry-After), at most once a second. Callers
// wait for its answer, a second at most, unless answers take long anyway. If the probe fails, the
// circuit opens: calls are refused for about a second, for half of the outage when that is more,
// for five seconds at most, or for as long as the server asked in its answer to the probe. The
// first caller after a pause causes the next probe; an answer to it closes the circuit.
//
// Some servers answer every unknown token with an error, the probe's included. So every fourth of
// the long pauses ends with a real call beside the probe. An answer to that call closes the
// circuit as well; its failure changes nothing. If the probe fails even then, error statuses are
// no evidence at that server until a probe is answered again.
//
// While some calls are answered, no rate of failures opens the circuit: only the calls that fail
// are refused.
//
// # Why not a library
//
// sony/gobreaker and failsafe-go were read for this. Their breakers and throttles take each
// caller's outcome as evidence about the endpoint, and let callers try in order to close the
// circuit: both hand the decision to the client that sends the most bad tokens. The limiters of
// failsafe-go queue first come, first served, do not cancel a call that hangs, and add grpc,
// protobuf and testify to the module graph of every user.
package admission
