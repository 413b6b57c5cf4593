package memcache_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/mfpguard/mfpguard/internal/memcache"
)

func Example() {
	type facts struct{ subject string }
	epoch := time.Now() // monotonic: setting the clock back does not move it
	secret := make([]byte, 32)
	rand.Read(secret)
	key := func(token string) memcache.Key {
		h := hmac.New(sha256.New, secret)
		h.Write([]byte(token))
		return memcache.Key(h.Sum(nil)[:16])
	}

	c := memcache.New(10_000, 64<<20, func(f *facts) int { return 16 + len(f.subject) })
	now := time.Since(epoch)
	c.Set(key("token"), &facts{"u1"}, now, now+time.Minute)
	if f, ok := c.Get(key("token"), time.Since(epoch)); ok {
		fmt.Println(f.subject)
	}
	// Output: u1
}
