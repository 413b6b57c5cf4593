package introspect

import (
	"fmt"
	"math"
	"time"
)

// Instant is a time in milliseconds since the Unix epoch. Zero means that the answer has none.
type Instant int64

// endOfTime is the greatest Instant: 9999-12-31T23:59:59Z, the last that RFC 3339 can write.
const endOfTime Instant = 253402300799000

// Time returns i as a time.Time, the zero time for zero.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i))
}

// millisFrom is where numbers begin to be milliseconds for a server that mixes units: 1e11
// seconds is the year 5138, 1e11 milliseconds is 1973.
const millisFrom = 1e11

// ofSeconds reads a member in seconds (RFC 7662 section 2.2).
func ofSeconds(name string, v float64) (Instant, error) {
	if v >= millisFrom {
		return 0, fmt.Errorf("member %q looks like milliseconds, want seconds since 1970", name)
	}
	return ofMillis(math.Floor(v) * 1000), nil
}

// ofEither reads a number that may be in seconds or in milliseconds.
func ofEither(v float64) Instant {
	if v < millisFrom {
		v = math.Floor(v) * 1000
	}
	return ofMillis(v)
}

// ofMillis keeps a time within bounds. A time before 1970 becomes the first Instant, which is
// always past.
func ofMillis(v float64) Instant { return Instant(min(max(v, 1), float64(endOfTime))) }
