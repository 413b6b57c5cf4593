package tokensource

import "time"

// Trigger is the reason for a fetch.
type Trigger string

// The triggers.
const (
	// Absent: there was no token yet, or none since failed fetches.
	Absent Trigger = "absent"
	// Due: the token was still valid and near its end.
	Due Trigger = "due"
	// Expired: the token ended before it was renewed, because no caller asked in time or the server
	// was down.
	Expired Trigger = "expired"
	// Invalidated: a server refused the token.
	Invalidated Trigger = "invalidated"
)

// Renewal is the event of one fetch of a token, successful or not; see [Config.Renewed].
type Renewal struct {
	// Source is the one that fetched. The Sources of one client (see [Source.Scoped]) share the
	// hook.
	Source *Source
	// Scope is the scope that was asked for.
	Scope string
	// Trigger is the reason for the fetch.
	Trigger Trigger
	// Duration is the time it took, retries included.
	Duration time.Duration
	// Err is nil if there is a new token. It contains no secret.
	Err error
	// ExpiresAt is when the present token ends. The zero time means that there is no token, or that
	// it does not end.
	ExpiresAt time.Time
	// RetryIn is the backoff after a failure: there is no other fetch before. Zero after a success.
	RetryIn time.Duration
}
