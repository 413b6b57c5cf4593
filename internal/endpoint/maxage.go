package endpoint

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxAge returns the max-age of a response (RFC 9111 section 5.2.2.1), the least if there are
// several. One that cannot be read is zero (section 4.2.1). Ok is false if there is none.
func MaxAge(h http.Header) (age time.Duration, ok bool) {
	for _, field := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(field, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if !strings.EqualFold(name, "max-age") {
				continue
			}
			value = strings.Trim(value, `"`)
			d := time.Duration(math.MaxInt64)
			seconds, err := strconv.ParseUint(value, 10, 64)
			switch {
			case err != nil && !errors.Is(err, strconv.ErrRange):
				d = 0
			case err == nil && seconds < uint64(d/time.Second):
				d = time.Duration(seconds) * time.Second
			}
			if !ok || d < age {
				age, ok = d, true
			}
		}
	}
	return age, ok
}
