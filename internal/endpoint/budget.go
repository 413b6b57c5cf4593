package endpoint

import "sync"

// Budget says how many repetitions the answers so far have paid for. A good answer earns half a repetition, so that each
// failed call may have its one while a third of all calls fail; when all fail, nothing is earned, and an outage is not
// answered with more load. Three are there at the start, so that a quiet service can repeat too, and five at most are saved
// up. The zero Budget is ready for use, by several goroutines at once.
type Budget struct {
	mu    sync.Mutex
	spent int // in halves of a repetition, beyond what was earned; less than 0 when more was earned than spent
}

// In halves of a repetition.
const (
	repetition = 2
	atStart    = 3 * repetition
	atMost     = 5 * repetition
)

// Earn adds what one good answer is worth.
func (b *Budget) Earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(b.spent-1, atStart-atMost)
}

// Spend takes one repetition, and reports whether there was one.
func (b *Budget) Spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent > atStart-repetition {
		return false
	}
	b.spent += repetition
	return true
}
