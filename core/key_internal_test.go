package core

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/memcache"
)

// IN-77, IN-78, IN-79, A07, A71, A73, BCP-05: a key is a keyed hash of the whole token, with a key of this Verifier alone.
func TestKeys(t *testing.T) {
	a, b := mustKeyer(t), mustKeyer(t)
	tokens := []string{"", "a", "b", "ab", "a\x00", strings.Repeat("x", 8192), strings.Repeat("x", 8191) + "y", "y" + strings.Repeat("x", 8191), "%s\r\n"}
	seen := make(map[memcache.Key]string)
	for _, tok := range tokens {
		k := a.key(tok)
		if other, ok := seen[k]; ok {
			t.Errorf("%.10q and %.10q have one key", tok, other)
		}
		seen[k] = tok
		if k != a.key(strings.Clone(tok)) {
			t.Errorf("%.10q has two keys", tok)
		}
		if k == b.key(tok) {
			t.Errorf("%.10q has the same key under another Verifier", tok)
		}
		if len(tok) > 4 && bytes.Contains(k[:], []byte(tok[:4])) {
			t.Errorf("the key shows %.10q", tok)
		}
	}
}

// A fingerprint tells tokens apart in a log, is short, and is not a piece of the key.
func TestFingerprint(t *testing.T) {
	k := mustKeyer(t)
	x, y := k.key("x"), k.key("y")
	first, again, other := k.fingerprint(x), k.fingerprint(k.key("x")), k.fingerprint(y)
	if first != again || first == other || len(first) != 8 {
		t.Errorf("got %s, %s and %s", first, again, other)
	}
	if strings.Contains(fmt.Sprintf("%x", x), k.fingerprint(x)) {
		t.Error("the fingerprint is a piece of the key")
	}
	if other := mustKeyer(t); k.fingerprint(x) == other.fingerprint(x) {
		t.Error("the fingerprint is the same under another Verifier")
	}
}

func mustKeyer(t *testing.T) *keyer {
	t.Helper()
	k, err := newKeyer()
	if err != nil {
		t.Fatal(err)
	}
	return k
}
