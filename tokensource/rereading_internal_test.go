package tokensource

import (
	"crypto/sha256"
	"testing"
)

// CC-57: of two looks at once, the one that began later counts, in whatever order they end.
func TestRereadingLaterLookCounts(t *testing.T) {
	r := &rereading[string]{parse: func(contents [][]byte) (string, error) { return string(contents[0]), nil }}
	found := func(look int, text string) string {
		got, err := r.found(look, [][]byte{[]byte(text)}, sha256.Sum256([]byte(text)), nil)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	found(1, "a")
	if got := found(3, "new"); got != "new" {
		t.Errorf("the third look has %q, want new", got)
	}
	if got := found(2, "old"); got != "new" {
		t.Errorf("the second look, which ended last, has %q, want new", got)
	}
}
