package formpost

import "sync"

// A budget lets retries be at most a tenth of the calls, so that an outage is not answered with twice the load. A few are
// saved up, so that a quiet service can retry too.
type budget struct {
	mu     sync.Mutex
	tenths int
}

const (
	retryCost   = 10 // tenths of a retry that one retry takes; a call brings one
	firstTenths = 3 * retryCost
	mostTenths  = 10 * retryCost
)

func newBudget() budget { return budget{tenths: firstTenths} }

func (b *budget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tenths = min(b.tenths+1, mostTenths)
}

func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tenths < retryCost {
		return false
	}
	b.tenths -= retryCost
	return true
}
