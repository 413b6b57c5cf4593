package tokensource_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// during answers with f for the given part of each period, from its middle on.
func during(part, period time.Duration, f coretest.Fault) coretest.Fault {
	begun := time.Now()
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if (time.Since(begun)+period/2)%period < part {
			f(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// each runs f every so often for as long as the test's job does.
func each(ctx context.Context, period time.Duration, f func()) {
	go func() {
		for {
			select {
			case <-time.After(period):
				f()
			case <-ctx.Done():
				return
			}
		}
	}()
}

// Twenty-four hours of a job that calls an API every twenty seconds, against a server that gives it a hard time.
func TestADay(t *testing.T) {
	tests := []struct {
		name    string
		trouble func(ctx context.Context, srv *coretest.Server, secret *atomic.Value)
		failed  int           // calls that may fail, of 4 320
		wait    time.Duration // the longest that a call may take
		tokens  int           // token requests at most
	}{
		{"nothing happens", func(context.Context, *coretest.Server, *atomic.Value) {}, 0, 0, 28},
		{"the server restarts every hour with another key", func(ctx context.Context, srv *coretest.Server, _ *atomic.Value) {
			each(ctx, 61*time.Minute, srv.Restart)
		}, 0, 0, 28 + 24},
		{"the secret is rotated every two hours, and old tokens die with it", func(ctx context.Context, srv *coretest.Server, secret *atomic.Value) {
			n := 0
			each(ctx, 2*time.Hour, func() {
				n++
				next := fmt.Sprint("secret-", n)
				secret.Store(next)
				srv.SetClient(coretest.Client{ID: "test", Secret: next, AllowedScope: "*"})
			})
		}, 0, 0, 28 + 12},
		{"429 for two minutes of thirty", func(_ context.Context, srv *coretest.Server, _ *atomic.Value) {
			srv.Inject(coretest.Token, coretest.Always, during(2*time.Minute, 30*time.Minute, coretest.Status(429, "Retry-After", "30")))
		}, 0, 0, 28 + 28},
		{"the server hangs for two minutes of thirty", func(_ context.Context, srv *coretest.Server, _ *atomic.Value) {
			srv.Inject(coretest.Token, coretest.Always, during(2*time.Minute, 30*time.Minute, coretest.Hang()))
		}, 0, 0, 28 + 56},
		{"503 for two minutes of thirty", func(_ context.Context, srv *coretest.Server, _ *atomic.Value) {
			srv.Inject(coretest.Token, coretest.Always, during(2*time.Minute, 30*time.Minute, coretest.Status(503)))
		}, 0, 0, 28 + 56},
		{"tokens live for five seconds in every second hour", func(ctx context.Context, srv *coretest.Server, _ *atomic.Value) {
			n := 0
			each(ctx, time.Hour, func() {
				n++
				srv.SetTokenLifetime(map[int]time.Duration{0: 0, 1: 5 * time.Second}[n%2])
				srv.Restart()
			})
		}, 0, 0, 28 + 12*181},
		{"the server is down for an hour at noon", func(ctx context.Context, srv *coretest.Server, _ *atomic.Value) {
			each(ctx, 12*time.Hour, func() {
				srv.Down()
				time.Sleep(time.Hour)
				srv.Up()
			})
		}, 182, time.Second, 28 + 2},
		{"all of it", func(ctx context.Context, srv *coretest.Server, secret *atomic.Value) {
			each(ctx, 61*time.Minute, srv.Restart)
			each(ctx, 5*time.Hour, func() {
				secret.Store("other")
				srv.SetClient(coretest.Client{ID: "test", Secret: "other", AllowedScope: "*"})
			})
			each(ctx, 150*time.Minute, func() { srv.SetTokenLifetime(time.Minute) })
			srv.Inject(coretest.Token, coretest.Always, during(20*time.Second, 10*time.Minute, coretest.Hang()))
		}, 150, 5 * time.Second, 2000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				srv := coretest.New()
				srv.Protect("/adapters/a", "messages.write")
				var secret atomic.Value
				secret.Store("test")
				tt.trouble(ctx, srv, &secret)
				c := config(srv)
				c.ClientSecret, c.ClientSecretFunc = "", func(context.Context) (tokensource.Secret, error) {
					return tokensource.Secret(secret.Load().(string)), nil
				}
				client := &http.Client{Transport: newSource(t, c).Transport(alive{t, srv.Transport()})}
				failed, longest := day(client, srv.BaseURL()+"/adapters/a")
				cancel()
				time.Sleep(10 * time.Second) // a fetch under way ends
				if failed > tt.failed {
					t.Errorf("%d calls failed, want at most %d", failed, tt.failed)
				}
				if longest > tt.wait {
					t.Errorf("a call took %v, want at most %v", longest, tt.wait)
				}
				if n := srv.Calls().Token; n > tt.tokens {
					t.Errorf("%d token requests, want at most %d", n, tt.tokens)
				}
				t.Logf("%d calls failed, the longest took %v, %d token requests", failed, longest, srv.Calls().Token)
			})
		})
	}
}

// day calls url every twenty seconds for twenty-four hours.
func day(client *http.Client, url string) (failed int, longest time.Duration) {
	for range 4320 {
		begun := time.Now()
		res, err := client.Get(url)
		if err != nil || res.StatusCode != 200 {
			failed++
		}
		if err == nil {
			_ = res.Body.Close()
		}
		longest = max(longest, time.Since(begun))
		time.Sleep(20*time.Second - time.Since(begun))
	}
	return failed, longest
}

// alive sees to it that no expired token is sent.
type alive struct {
	t    *testing.T
	base http.RoundTripper
}

func (a alive) RoundTrip(r *http.Request) (*http.Response, error) {
	parts := strings.Split(r.Header.Get("Authorization"), ".")
	var claims struct {
		Exp int64 `json:"exp"` // in milliseconds
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		a.t.Errorf("a request carries %q, which is no token", r.Header.Get("Authorization"))
	} else if left := time.Until(time.UnixMilli(claims.Exp)); left <= 0 {
		a.t.Errorf("a request carries a token that ended %v ago", -left)
	}
	return a.base.RoundTrip(r)
}
