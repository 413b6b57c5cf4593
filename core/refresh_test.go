package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
)

// publisher answers each request for metadata after a second: with the number of the request in an
// address, or with status if that is not 0.
type publisher struct {
	mu         sync.Mutex
	requests   int
	status     int
	retryAfter string
	panics     bool
}

func (p *publisher) set(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.requests++
	n, status := p.requests, p.status
	p.mu.Unlock()
	if p.panics {
		panic("canary")
	}
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if status != 0 {
		res := response(r, status, "", "")
		res.Header.Set("Retry-After", p.retryAfter)
		return res, nil
	}
	return response(r, 200, "application/json", fmt.Sprintf(`{"issuer":"https://as.test","jwks_uri":"https://as.test/%d"}`, n)), nil
}

func (p *publisher) discover(t *testing.T) *core.Metadata {
	t.Helper()
	m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: "https://as.test", Transport: p})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// MD-16, A39: a hundred callers share one request, and a second passes between two.
func TestRefreshIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		m := p.discover(t)
		if again, err := m.Refresh(t.Context()); again != m || err != nil || p.count() != 1 {
			t.Errorf("at once: got %v, %v after %d requests", again, err, p.count())
		}
		time.Sleep(time.Second)
		for range 100 {
			go func() {
				fresh, err := m.Refresh(t.Context())
				if err != nil || fresh.JWKSURL != "https://as.test/2" {
					t.Errorf("got %v, %v", fresh, err)
				}
			}()
		}
		time.Sleep(1500 * time.Millisecond)
		if p.count() != 2 {
			t.Errorf("%d requests, want 2", p.count())
		}
		if m.JWKSURL != "https://as.test/1" {
			t.Errorf("the first metadata became %v", m)
		}
	})
}

// MD-16, MD-17: a failure is no success, the next request waits 1 s to 30 s, and the last metadata
// that was good stays.
func TestRefreshBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		old := p.discover(t)
		time.Sleep(time.Second)
		good, err := old.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.set(503)
		time.Sleep(time.Second)
		for _, wait := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			wait *= time.Second
			before := p.count()
			var callers sync.WaitGroup
			for range 100 {
				callers.Go(func() {
					last, err := old.Refresh(t.Context())
					if e, _ := errors.AsType[*core.EndpointError](err); last != good || e == nil || e.Status != 503 {
						t.Errorf("got %v, %v; want the last good one and 503", last, err)
					}
				})
			}
			callers.Wait()
			time.Sleep(wait - time.Millisecond)
			_, err := old.Refresh(t.Context())
			if e, _ := errors.AsType[*core.EndpointError](err); e == nil || e.RetryAfter != time.Millisecond || p.count() != before+1 {
				t.Errorf("%v after a failure: got %v after %d requests", wait-time.Millisecond, err, p.count()-before)
			}
			time.Sleep(time.Millisecond)
		}
		p.set(0)
		fresh, err := old.Refresh(t.Context())
		if err != nil || fresh == good || fresh.JWKSURL != fmt.Sprintf("https://as.test/%d", p.count()) {
			t.Errorf("after the outage: got %v, %v", fresh, err)
		}
		p.set(503)
		time.Sleep(time.Second)
		old.Refresh(t.Context())
		before := p.count()
		time.Sleep(time.Second)
		if old.Refresh(t.Context()); p.count() != before+1 {
			t.Error("the first failure after a good answer does not wait as the first")
		}
	})
}

// MD-16: the server's own wish counts, up to 30 s.
func TestRefreshRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{retryAfter: "3600"}
		m := p.discover(t)
		p.set(429)
		time.Sleep(time.Second)
		for range 3 {
			before := p.count()
			m.Refresh(t.Context())
			time.Sleep(29 * time.Second)
			if m.Refresh(t.Context()); p.count() != before+1 {
				t.Errorf("%d requests within 30 s", p.count()-before)
			}
			time.Sleep(time.Second)
		}
	})
}

// MD-17: without any metadata there is none.
func TestDiscoverFailsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{status: 503}
		for range 2 {
			m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: "https://as.test", Transport: p})
			if e, _ := errors.AsType[*core.EndpointError](err); m != nil || e == nil || e.Status != 503 {
				t.Errorf("got %v, %v", m, err)
			}
		}
		p.set(0)
		p.discover(t)
	})
}

// MD-16: a caller that leaves ends its request only if no other waits, and that is no failure of
// the server. No goroutine stays.
func TestRefreshCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		m := p.discover(t)
		time.Sleep(time.Second)
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		go func() {
			if fresh, err := m.Refresh(t.Context()); err != nil || fresh.JWKSURL != "https://as.test/2" {
				t.Errorf("the one that waits got %v, %v", fresh, err)
			}
		}()
		last, err := m.Refresh(short)
		if last != m || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the one that left got %v, %v", last, err)
		}
		if strings.Contains(err.Error(), "DiscoverConfig.Timeout") {
			t.Errorf("%v: the time of the caller was over, and not that of the config", err)
		}
		time.Sleep(3 * time.Second)

		alone, leave := context.WithCancel(t.Context())
		go func() { time.Sleep(100 * time.Millisecond); leave() }()
		if _, err := m.Refresh(alone); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if fresh, err := m.Refresh(t.Context()); err != nil || fresh.JWKSURL != "https://as.test/4" {
			t.Errorf("the next one got %v, %v", fresh, err)
		}
	})
}

// MD-16, AV-10, AV-11: a transport that hangs or panics.
func TestRefreshTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		begun := time.Now()
		_, err := core.Discover(t.Context(), core.DiscoverConfig{
			Issuer: "https://as.test", Timeout: 2 * time.Second,
			Transport: roundtrip.Func(func(*http.Request) (*http.Response, error) { <-release; return nil, errors.New("late") }),
		})
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > 2200*time.Millisecond {
			t.Errorf("one that hangs: got %v after %v", err, took)
		}
		if !strings.Contains(err.Error(), "DiscoverConfig.Timeout is 2s") {
			t.Errorf("%v, want the field to look at", err)
		}
		close(release)

		p := &publisher{}
		m := p.discover(t)
		time.Sleep(time.Second)
		p.panics = true
		for range 2 { // the second meets the backoff
			last, err := m.Refresh(t.Context())
			if e, _ := errors.AsType[*core.EndpointError](err); last != m || e == nil || p.count() != 2 {
				t.Errorf("one that panics: got %v, %v after %d requests", last, err, p.count())
			}
		}
	})
}

// A hand-made Metadata and none at all cannot be refreshed.
func TestRefreshOfOthers(t *testing.T) {
	for _, m := range []*core.Metadata{nil, {Issuer: "https://as.test"}} {
		if got, err := m.Refresh(t.Context()); got != m || err == nil {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

// MD-16: no goroutine and no connection outlives the call.
func TestDiscoverLeavesNothing(t *testing.T) {
	var issuer string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { body(`{"issuer":%q}`)(w, issuer) }))
	defer s.Close()
	issuer = s.URL
	before := runtime.NumGoroutine()
	for range 20 {
		if _, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: issuer}); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+3; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
