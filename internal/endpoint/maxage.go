package endpoint

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxAge returns the max-age of a response (RFC 9111 section 5.2.2.1), the least if there are
// several. Ok is false if there is none that can be read.
func MaxAge(h http.Header) (age time.Duration, ok bool) {
	for _, field := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(field, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if !strings.EqualFold(name, "max-age") {
				continue
			}
			value = strings.Trim(value, `"`)
			if value == "" || strings.Trim(value, "0123456789") != "" {
				continue
			}
			d := time.Duration(math.MaxInt64)
			if seconds, err := strconv.ParseInt(value, 10, 64); err == nil && seconds < int64(d/time.Second) {
				d = time.Duration(seconds) * time.Second
			}
			if !ok || d < age {
				age, ok = d, true
			}
		}
	}
	return age, ok
}
