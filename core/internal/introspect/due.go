package introspect

import (
	"math"
	"sync/atomic"
	"time"
)

// Due reports whether at, on the clock of the one who asked, is a time to ask about the token again
// in the background. It never is before [Introspection.AskAgain] was called.
func (in *Introspection) Due(at time.Duration) bool {
	again := atomic.LoadInt64(&in.again)
	return again != 0 && int64(at) >= again
}

// AskAgain makes in due from at on.
func (in *Introspection) AskAgain(at time.Duration) { atomic.StoreInt64(&in.again, int64(at)) }

// Claim reports whether in is due at that time, and not claimed by another caller. After that it is
// not due until AskAgain is called.
func (in *Introspection) Claim(at time.Duration) bool {
	again := atomic.LoadInt64(&in.again)
	return again != 0 && int64(at) >= again && atomic.CompareAndSwapInt64(&in.again, again, math.MaxInt64)
}
