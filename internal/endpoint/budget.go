package endpoint

import "sync"

// Budget limits repetitions to what good answers have earned. A good answer earns half a
// repetition, so every failed call can be repeated once while up to a third of the calls fail.
// During an outage nothing is earned, so repetitions do not add to the load.
//
// A Budget has three repetitions at the start, so that a service with few calls can repeat, too,
// and holds five at most. The zero Budget is ready to use. It is safe for concurrent use.
type Budget struct {
	mu    sync.Mutex
	spent int // in halves of a repetition, minus what was earned; may be negative
}

// In halves of a repetition.
const (
	repetition = 2
	atStart    = 3 * repetition
	atMost     = 5 * repetition
)

// Earn adds the half repetition of one good answer.
func (b *Budget) Earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(b.spent-1, atStart-atMost)
}

// Spend takes one repetition and reports whether there was one.
func (b *Budget) Spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent > atStart-repetition {
		return false
	}
	b.spent += repetition
	return true
}
