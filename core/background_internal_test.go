package core

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
)

// A crowd is users who send requests with tokens of their own, at random.
type crowd struct {
	users             int
	perSecond         float64 // requests of one user
	warmUp, duration  time.Duration
	requests, waiting int64
	calls             int64
}

// play lets the crowd use a Verifier with the defaults, whose server takes 50 ms, in fake time. After the warm-up it counts the
// requests, those of them that waited, and the calls.
func (c *crowd) play(t *testing.T, background bool) {
	var calls, requests, waiting atomic.Int64
	transport := roundtrip.Func(func(r *http.Request) (*http.Response, error) {
		calls.Add(1)
		time.Sleep(50 * time.Millisecond)
		body := io.NopCloser(strings.NewReader(`{"active":true}`))
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Request: r}, nil
	})
	v, err := New(Config{Profile: rfc, ClientID: "c", ClientSecret: "s", Transport: transport, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ask := v.cache.ask
	v.cache.ask = func(ctx context.Context, q introspect.Question) (*introspect.Introspection, error) {
		if q.Background && !background {
			return nil, introspect.ErrNotAdmitted
		}
		return ask(ctx, q)
	}
	guard, err := v.Guard(Authenticated())
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	var all sync.WaitGroup
	for user := range c.users {
		random := rand.New(rand.NewPCG(1, uint64(user)))
		values := []string{fmt.Sprintf("Bearer user-%d", user)}
		all.Go(func() {
			time.Sleep(time.Duration(random.Int64N(int64(time.Minute)))) // they do not all come at once
			for {
				time.Sleep(time.Duration(random.ExpFloat64() / c.perSecond * float64(time.Second)))
				sent := time.Now()
				if sent.Sub(begun) > c.warmUp+c.duration {
					return
				}
				if _, d := guard.Authorize(t.Context(), Request{Authorization: values}); d != nil {
					t.Error(d.Cause)
				}
				if sent.Sub(begun) < c.warmUp {
					continue
				}
				requests.Add(1)
				if time.Since(sent) > 0 {
					waiting.Add(1)
				}
			}
		})
	}
	time.Sleep(c.warmUp)
	before := calls.Load()
	all.Wait()
	time.Sleep(time.Second)
	c.requests, c.waiting, c.calls = requests.Load(), waiting.Load(), calls.Load()-before
}

// share is the part of the requests that waited, in percent.
func (c *crowd) share() float64 { return 100 * float64(c.waiting) / float64(c.requests) }

// HT-02: of 1 000 users' requests, one every two seconds each, 3.2 % would wait for the server: 1 of λT + 1. With questions in the
// background it is less than 0.1 %, for a quarter more calls.
func TestHotTokensSimulated(t *testing.T) {
	play := func(background bool) crowd {
		c := crowd{users: 1000, perSecond: 0.5, warmUp: 2 * time.Minute, duration: 4 * time.Minute}
		synctest.Test(t, func(t *testing.T) { c.play(t, background) })
		t.Logf("background %v: %d requests, %d of them waited, %.3f %%; %d calls", background, c.requests, c.waiting, c.share(), c.calls)
		return c
	}
	without, with := play(false), play(true)
	if got := without.share(); got < 3 || got > 3.5 {
		t.Errorf("without: %.2f %% wait, want 3.2 %%", got)
	}
	if got := with.share(); got > 0.1 {
		t.Errorf("with: %.3f %% wait, want at most 0.1 %%", got)
	}
	if more := float64(with.calls) / float64(without.calls); more > 1.25 || more < 1 {
		t.Errorf("%.3f times as many calls, want at most 1.25 times", more)
	}
}
