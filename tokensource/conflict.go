package tokensource

import (
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	maxConflicts   = 4                      // repetitions after a conflict
	firstConflict  = 100 * time.Millisecond // before the first of them; doubles
	conflictHeader = "Mfp-Conflict"         // canonical form of MFP-Conflict
)

// isConflict reports whether res is MobileFirst's 409 with MFP-Conflict: the request was not
// executed and may be sent again as it is.
func isConflict(res *http.Response) bool {
	return res.StatusCode == http.StatusConflict && len(res.Header[conflictHeader]) > 0
}

// waitConflict waits before a repetition after a conflict, longer each time. It reports false if
// there were too many or the request's context has ended.
func (c *call) waitConflict() bool {
	if c.conflicts == maxConflicts {
		return false
	}
	wait := firstConflict << c.conflicts
	c.conflicts++
	timer := time.NewTimer(wait/2 + rand.N(wait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.r.Context().Done():
		return false
	}
}
