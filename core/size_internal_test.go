package core

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// answerOf is an active answer of n bytes in a body of its own.
func answerOf(t testing.TB, n int, members string) *introspect.Introspection {
	t.Helper()
	const frame = `{"active":true,"scope":"a b","client_id":"c1","username":"alice",`
	padding := n - len(frame) - len(members) - len(`"x":""}`)
	in, err := introspect.Decode(rfc.server, []byte(frame+members+`"x":"`+strings.Repeat("x", max(padding, 0))+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// again is the same answer once more, with a body of its own; reading a large one takes long under the race detector.
func again(in *introspect.Introspection) *introspect.Introspection {
	return in.Clone()
}

func liveHeap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// AV-13: what is counted for a remembered answer is what it takes. There are so many that what else lives on the heap is noise.
func TestSizesAreTrue(t *testing.T) {
	audiences := `"aud":["` + strings.Repeat(`audience-of-a-token","`, 200) + `a"],`
	for _, tt := range []struct {
		name    string
		bytes   int
		members string
		n       int
	}{
		{"as small as can be", 0, "", 50_000},
		{"usual", 600, "", 30_000},
		{"usual, and the maps of the cache have just grown", 600, "", 60_000},
		{"3 KB", 3000, "", 8000},
		{"just over 32 KiB", 33_000, "", 800},
		{"193 KB", 193_000, "", 100},
		{"0.9 MB", 900_000, "", 20},
		{"many audiences", 0, audiences, 1500},
		{"escaped strings", 0, `"sub":"` + strings.Repeat(`\/`, 500) + `","iss":"` + strings.Repeat(`a\/`, 500) + `",`, 5000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := remembering(t, Config{CacheEntries: 2 * tt.n, CacheBytes: 1 << 30}, nil)
			answer := answerOf(t, tt.bytes, tt.members)
			before := liveHeap()
			for i := range tt.n {
				next := again(answer)
				if tt.members != "" {
					next = answerOf(t, tt.bytes, tt.members)
				}
				v.cache.keep(v.keys.key(aToken(i)), next)
			}
			grown, counted := liveHeap()-before, v.cache.active.Bytes()
			ratio := float64(grown) / float64(counted)
			t.Logf("%d bytes each, %.2f of what is counted", grown/tt.n, ratio)
			if got := v.cache.active.Len(); got != tt.n || ratio < 0.8 || ratio > 1.1 {
				t.Errorf("%d of %d answers take %d bytes, %.2f of the %d that are counted, want 0.8 to 1.1", got, tt.n, grown, ratio, counted)
			}
			runtime.KeepAlive(v)
		})
	}
}

// aToken returns the token of that number. It looks random, as tokens do: a few digits would not reach every part of the cache.
func aToken(i int) string {
	sum := sha256.Sum256(fmt.Append(nil, i))
	return hex.EncodeToString(sum[:])
}

// AV-13: whatever the server sends, remembered answers stay within the bound.
func TestRememberedBytesAreBounded(t *testing.T) {
	const bound = 64 << 20 // the default
	answers := []*introspect.Introspection{answerOf(t, 600, ""), answerOf(t, 193_000, ""), answerOf(t, 900_000, "")}
	for _, tt := range []struct {
		name   string
		n      int
		answer func() *introspect.Introspection
		fewest int // how many are remembered at least
	}{
		{"0.9 MB", 500, func() *introspect.Introspection { return answers[2] }, 60},
		{"193 KB", 1500, func() *introspect.Introspection { return answers[1] }, 300},
		{"600 bytes", 50_000, func() *introspect.Introspection { return answers[0] }, 50_000}, // all fit
		{"600 bytes, more than fit", 75_000, func() *introspect.Introspection { return answers[0] }, 60_000},
		{"all of them", 2000, func() *introspect.Introspection { return answers[rand.IntN(3)] }, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := remembering(t, Config{CacheEntries: 100_000}, nil) // so that none goes for the number
			before := liveHeap()
			for i := range tt.n {
				v.cache.keep(v.keys.key(aToken(i)), again(tt.answer()))
			}
			grown := liveHeap() - before
			t.Logf("%d remembered: %d KiB, counted %d KiB", v.cache.active.Len(), grown>>10, v.cache.active.Bytes()>>10)
			if got := v.cache.active.Bytes(); got > bound || grown > bound*11/10 {
				t.Errorf("counted %d bytes, measured %d, want <= %d", got, grown, bound)
			}
			if got := v.cache.active.Len(); got < tt.fewest {
				t.Errorf("%d are remembered, want >= %d", got, tt.fewest)
			}
			runtime.KeepAlive(v)
		})
	}
}

// AV-13: the answer that comes last is remembered, and those in use outlast those that are not.
func TestTheOldestUnusedAnswerGoesFirst(t *testing.T) {
	v := remembering(t, Config{CacheEntries: 60, CacheBytes: 64 << 10}, nil) // one part
	keep := func(name string) {
		in := answerOf(t, 6000, "")
		in.Asked = time.Since(v.cache.epoch)
		v.cache.keep(v.keys.key(name), in)
	}
	held := func(name string) bool {
		return v.cache.find(v.keys.key(name), Authenticated(), time.Since(v.cache.epoch)) != nil
	}
	keep("in use")
	for i := range 100 {
		keep(fmt.Sprint(i))
		if !held("in use") {
			t.Fatalf("the answer in use was forgotten after %d others", i)
		}
	}
	for i := range 100 {
		if got := held(fmt.Sprint(i)); got != (i >= 91) { // with the one in use, ten of 6.4 KiB
			t.Errorf("answer %d is remembered: %v", i, got)
		}
	}
}

// AV-13: an answer that takes more than its part is asked for each time, and displaces nothing.
func TestAnAnswerTooLargeIsNotRemembered(t *testing.T) {
	asked := map[string]int{}
	v := remembering(t, Config{CacheBytes: 64 << 10}, func(token string) (*introspect.Introspection, error) {
		asked[token]++
		return answerOf(t, map[string]int{"usual": 600, "large": 2000}[token], ""), nil
	})
	for range 3 {
		for _, token := range []string{"usual", "large"} {
			if _, d := authorize(t.Context(), v, []string{"Bearer " + token}, Authenticated()); d != nil {
				t.Fatal(d.Cause)
			}
		}
	}
	if asked["usual"] != 1 || asked["large"] != 3 {
		t.Errorf("asked %v, want the usual one once and the large one thrice", asked)
	}
}
