package tokensource

import (
	"fmt"
	"testing"
)

// A resource that asks for ever other scopes must not fill the memory.
func TestFamilyIsBounded(t *testing.T) {
	src, err := New(Config{TokenURL: "https://as.invalid/token", ClientID: "c", ClientSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxRemembered {
		src.Scoped(fmt.Sprint("element", i))
		if n := len(src.scoped.sources); n > maxRemembered {
			t.Fatalf("%d Sources after %d scopes, want %d at most", n, i+1, maxRemembered)
		}
	}
	if again := src.Scoped("a b"); again != src.Scoped("b a") {
		t.Error("the same elements give different Sources")
	}
}
