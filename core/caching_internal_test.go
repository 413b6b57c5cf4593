package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

var (
	mfp7 = MobileFirst7(MobileFirst7Config{BaseURL: "https://as.invalid/p"})
	mfp  = MobileFirst8("https://as.invalid/mfp/api")
	rfc  = RFC7662(RFC7662Config{IntrospectionURL: "https://as.invalid/introspect", AnyAudience: true})
)

// remembering returns a Verifier that asks a function instead of a server.
func remembering(t testing.TB, c Config, ask func(token string) (*introspect.Introspection, error)) *Verifier {
	t.Helper()
	c.Profile, c.ClientID, c.ClientSecret = mfp, "test", "test"
	v, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	v.cache.ask = func(_ context.Context, q introspect.Question) (*introspect.Introspection, error) {
		q.Sent()
		return ask(q.Credentials)
	}
	return v
}

// authorize decides as a Guard for need does.
func authorize(ctx context.Context, v *Verifier, values []string, need Requirement) (Principal, *Denial) {
	g, _ := v.Guard(need) // nil for a requirement that is not valid, which refuses each request
	return g.Authorize(ctx, Request{Authorization: values})
}

// answerFor is an answer about the token of a client.
func answerFor(t testing.TB, client string, isActive bool) *introspect.Introspection {
	t.Helper()
	in, err := introspect.Decode(rfc.server, fmt.Appendf(nil, `{"active":%v,"client_id":%q}`, isActive, client))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// IN-75, IN-76, A25, A26, A27: garbage displaces no good token, and neither kind grows beyond its bound.
func TestFloodIsBounded(t *testing.T) {
	var calls atomic.Int64
	v := remembering(t, Config{CacheEntries: 1000, NegativeEntries: 256}, func(token string) (*introspect.Introspection, error) {
		calls.Add(1)
		return answerFor(t, token, !strings.HasPrefix(token, "garbage")), nil
	})
	need := Authenticated()
	good := make([][]string, 100)
	for i := range good {
		good[i] = []string{fmt.Sprintf("Bearer good-%d", i)}
		authorize(t.Context(), v, good[i], need)
	}
	flood := func(kind string, n int, isActive bool) {
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range n / 8 {
					key := v.keys.key(fmt.Sprintf("%s-%d-%d", kind, w, i))
					v.cache.keep(key, &introspect.Introspection{Active: isActive, Asked: time.Since(v.cache.epoch)})
				}
			})
		}
		all.Wait()
		for i := range 1000 { // and the whole way
			authorize(t.Context(), v, []string{fmt.Sprintf("Bearer %s-%d", kind, i)}, need)
		}
	}
	flood("garbage", 100_000, false)
	before := calls.Load()
	for _, g := range good {
		if p, d := authorize(t.Context(), v, g, need); d != nil || "Bearer "+p.ClientID() != g[0] {
			t.Fatalf("%s: got %v for %s", g, d, p)
		}
	}
	if got := calls.Load(); got != before {
		t.Errorf("%d of %d good tokens were forgotten", got-before, len(good))
	}
	if got := v.cache.inactive.Len(); got > 256 {
		t.Errorf("%d inactive entries, want at most 256", got)
	}
	flood("other", 100_000, true)
	if got := v.cache.active.Len(); got > 1000 {
		t.Errorf("%d active entries, want at most 1000", got)
	}
}

// A shared flight may have found a remembered answer that is older than a request that joined it allows: that request asks.
func TestJoinedFlightMustBeFreshEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		v := remembering(t, Config{}, func(string) (*introspect.Introspection, error) {
			calls++
			return answerFor(t, "new", true), nil
		})
		c, key := &v.cache, v.keys.key("t")
		time.Sleep(time.Minute)
		go c.flights.Do(t.Context(), key, time.Time{}, func(_ context.Context, sent func()) (*introspect.Introspection, error) {
			sent()
			time.Sleep(time.Second)
			in := answerFor(t, "old", true)
			in.Asked = 50 * time.Second
			return in, nil
		})
		synctest.Wait()
		in, err := c.fetch(t.Context(), key, "t", Authenticated().MaxAge(5*time.Second))
		if err != nil || in.ClientID() != "new" || calls != 1 {
			t.Errorf("got %+v and error %v after %d calls", in, err, calls)
		}
		if in, err = c.fetch(t.Context(), key, "t", Authenticated()); err != nil || in.ClientID() != "new" {
			t.Errorf("then got %+v and error %v", in, err)
		}
	})
}

// The flight looks into the cache once more before it asks: another one may have landed since its caller looked.
func TestFlightLooksOnceMore(t *testing.T) {
	for _, isActive := range []bool{true, false} {
		v := remembering(t, Config{}, func(string) (*introspect.Introspection, error) { return nil, errors.New("asked again") })
		key := v.keys.key("t")
		v.cache.keep(key, &introspect.Introspection{Active: isActive, Asked: time.Since(v.cache.epoch)})
		in, err := v.cache.fetch(t.Context(), key, "t", Authenticated())
		if err != nil || in.Active != isActive {
			t.Errorf("active %v: got %+v and error %v", isActive, in, err)
		}
	}
}

// IN-43, A17: the end of a token is held against the clock on every hit, whatever the store says.
func TestExpiryIsCheckedOnHits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		v := remembering(t, Config{}, func(string) (*introspect.Introspection, error) {
			calls++
			return nil, errors.New("asked")
		})
		key := v.keys.key("t")
		in := &introspect.Introspection{Active: true, Expires: introspect.Instant(time.Now().Add(10 * time.Second).UnixMilli())}
		v.cache.active.Set(key, in, 0, time.Hour) // a store that ignores the end
		for _, tt := range []struct {
			at   time.Duration
			want error
		}{{0, nil}, {9 * time.Second, nil}, {10 * time.Second, ErrInvalidToken}, {11 * time.Second, ErrInvalidToken}} {
			time.Sleep(tt.at - time.Since(v.cache.epoch))
			_, d := authorize(t.Context(), v, []string{"Bearer t"}, Authenticated())
			if (d == nil) != (tt.want == nil) || d != nil && !errors.Is(d.Cause, tt.want) {
				t.Errorf("after %v: got %+v, want %v", tt.at, d, tt.want)
			}
		}
		if calls != 0 {
			t.Errorf("%d calls, want none", calls)
		}
	})
}

// IN-87, A29: lifetimes are counted on the monotonic clock, so setting the wall clock back prolongs none.
func TestLifetimesAreMonotonic(t *testing.T) {
	v := remembering(t, Config{}, nil)
	if !strings.Contains(v.cache.epoch.String(), " m=") {
		t.Fatalf("the epoch %v has no monotonic reading", v.cache.epoch)
	}
	key := v.keys.key("t")
	v.cache.active.Set(key, &introspect.Introspection{Active: true}, 0, time.Minute)
	for _, tt := range []struct {
		at   time.Duration
		want bool
	}{{time.Minute - 1, true}, {time.Minute, false}, {time.Hour, false}} {
		if got := v.cache.find(key, Authenticated(), tt.at) != nil; got != tt.want {
			t.Errorf("after %v on the monotonic clock: remembered is %v, want %v", tt.at, got, tt.want)
		}
	}
	v.cache.inactive.Set(key, 0, 0, time.Minute)
	if v.cache.find(key, Authenticated(), time.Minute) != nil {
		t.Error("an inactive answer outlives its time")
	}
}

// A new answer replaces one of the other kind.
func TestAnswersReplaceEachOther(t *testing.T) {
	v := remembering(t, Config{}, nil)
	key := v.keys.key("t")
	for _, isActive := range []bool{true, false, true} {
		v.cache.keep(key, &introspect.Introspection{Active: isActive, Asked: time.Since(v.cache.epoch)})
		now := time.Since(v.cache.epoch)
		_, hasActive := v.cache.active.Get(key, now)
		_, hasInactive := v.cache.inactive.Get(key, now)
		if hasActive != isActive || hasInactive == isActive {
			t.Errorf("after active %v: active %v, inactive %v", isActive, hasActive, hasInactive)
		}
	}
	v.cache.keep(key, &introspect.Introspection{Active: true, Asked: time.Since(v.cache.epoch), Expires: 1}) // one that has ended
	if _, ok := v.cache.active.Get(key, time.Since(v.cache.epoch)); ok {
		t.Error("an answer about an ended token left the one before in place")
	}
}

// What a caller hands in may be a view of a buffer that is used again once the call has returned, or its caller left (BT-60).
func TestNothingKeepsTheCallersBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked string
		v := remembering(t, Config{}, func(token string) (*introspect.Introspection, error) {
			time.Sleep(time.Second) // meanwhile the caller has left, and its buffer is used again
			asked = token
			return &introspect.Introspection{}, nil
		})
		buffer := []byte("Bearer tokentokentoken")
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		authorize(ctx, v, []string{unsafe.String(&buffer[0], len(buffer))}, Authenticated())
		copy(buffer, bytes.Repeat([]byte("x"), len(buffer)))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if asked != "tokentokentoken" {
			t.Errorf("the server was asked about %q", asked)
		}
	})
}
