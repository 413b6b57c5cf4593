package coretest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// bubble runs a test in fake time with a server made inside. It fails if a goroutine of the server is left.
func bubble(t *testing.T, test func(t *testing.T, s *coretest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := coretest.New()
		defer s.Close()
		test(t, s)
	})
}

func TestHangEndsWithContext(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		s.Inject(coretest.Introspection, 1, coretest.Hang())
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := do(s, newRequest(t, s, "POST", introspectPath, "", "token=x").WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v, want deadline exceeded", err)
		}
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("hung for %v, want 3s", got)
		}
	})
}

func TestHangEndsWithClientTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		s.Inject(coretest.Token, 1, coretest.Hang())
		client := &http.Client{Transport: s.Transport(), Timeout: time.Second}
		res, err := client.Do(newRequest(t, s, "POST", tokenPath, "", ""))
		if err == nil {
			res.Body.Close()
			t.Fatal("no error, want a timeout")
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v, want deadline exceeded", err)
		}
	})
}

func TestHangEndsWithServer(t *testing.T) {
	for name, stop := range map[string]func(*coretest.Server){
		"Down":  (*coretest.Server).Down,
		"Close": (*coretest.Server).Close,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *coretest.Server) {
				s.Inject(coretest.Token, 1, coretest.Hang())
				time.AfterFunc(time.Second, func() { stop(s) })
				_, err := do(s, newRequest(t, s, "POST", tokenPath, "", ""))
				if !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("error is %v, want connection reset", err)
				}
			})
		})
	}
}

func TestDelay(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		start := time.Now()
		s.Inject(coretest.Token, 2, coretest.Delay(time.Minute), coretest.Status(503))
		if got := post(t, s, tokenPath, "", "").status; got != 503 || time.Since(start) != time.Minute {
			t.Errorf("answer is %d after %v, want 503 after 1m", got, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := do(s, newRequest(t, s, "POST", tokenPath, "", "").WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v, want deadline exceeded", err)
		}
	})
}

// startThenHang sends the head of an answer and nothing more.
func startThenHang(w http.ResponseWriter, r *http.Request, next http.Handler) {
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	coretest.Hang()(w, r, next)
}

func TestHangInBodyEndsWithContext(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		s.Inject(coretest.Token, 1, startThenHang)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a, err := do(s, newRequest(t, s, "POST", tokenPath, "", "").WithContext(ctx))
		if a.status != http.StatusOK || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got status %d and error %v, want 200 and deadline exceeded", a.status, err)
		}
	})
}

func TestHangInBodyEndsWithBody(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		var ended atomic.Bool
		s.Inject(coretest.Token, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			defer ended.Store(true)
			startThenHang(w, r, next)
		})
		res, err := s.Client().Do(newRequest(t, s, "POST", tokenPath, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		synctest.Wait()
		if !ended.Load() {
			t.Error("the call goes on although its body was closed")
		}
	})
}

func TestCloseEndsBodyNobodyReads(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		s.Inject(coretest.Token, 1, coretest.Oversize(1<<40))
		res, err := s.Client().Do(newRequest(t, s, "POST", tokenPath, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		s.Close() // waits for the call
		if _, err := io.Copy(io.Discard, res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error of the body is %v, want unexpected EOF", err)
		}
	})
}

func TestFakeTimeExpiresTokens(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		token := s.Mint(coretest.Grant{Lifetime: time.Hour})
		active := func() string { return introspect(t, s, caller(t, s), token).member(t, "active") }
		time.Sleep(time.Hour - time.Millisecond)
		if got := active(); got != "true" {
			t.Errorf("active is %s before the hour, want true", got)
		}
		time.Sleep(time.Millisecond)
		if got := active(); got != "false" {
			t.Errorf("active is %s after the hour, want false", got)
		}
		s.Advance(-time.Second)
		if got := active(); got != "true" {
			t.Errorf("active is %s with the clock set back, want true", got)
		}
		s.Advance(time.Second)
		if got := active(); got != "false" {
			t.Errorf("active is %s with the clock set forward, want false", got)
		}
	})
}

func TestMaxConcurrent(t *testing.T) {
	bubble(t, func(t *testing.T, s *coretest.Server) {
		s.Inject(coretest.Token, 5, coretest.Delay(time.Second))
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { post(t, s, tokenPath, "", "") })
		}
		wg.Wait()
		for range 3 {
			introspect(t, s, "", "x")
		}
		if got := s.MaxConcurrent(coretest.Token); got != 5 {
			t.Errorf("MaxConcurrent(Token) is %d, want 5", got)
		}
		if got := s.MaxConcurrent(coretest.Introspection); got != 1 {
			t.Errorf("MaxConcurrent(Introspection) is %d, want 1", got)
		}
		if got, want := s.Calls(), (coretest.Calls{Token: 5, Introspection: 3}); got != want {
			t.Errorf("Calls is %+v, want %+v", got, want)
		}
	})
}

// A server made outside a bubble may be called from inside: only waits for the server itself need the same bubble.
func TestBubbleWithServerFromOutside(t *testing.T) {
	s := coretest.NewServer()
	defer s.Close()
	synctest.Test(t, func(t *testing.T) {
		s.Inject(coretest.Token, 1, coretest.Hang())
		client := &http.Client{Transport: s.Transport(), Timeout: time.Hour}
		res, err := client.Do(newRequest(t, s, "POST", tokenPath, "", ""))
		if err == nil {
			res.Body.Close()
			t.Error("no error, want a timeout")
		}
	})
}

func TestTransportRefusesBadRequest(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	r := newRequest(t, s, "POST", tokenPath, "", "")
	r.Header["Authorization"] = []string{"Bearer a\r\nX-Admin: 1"}
	if _, err := do(s, r); err == nil {
		t.Error("no error for a header with a line break")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := do(s, newRequest(t, s, "POST", tokenPath, "", "").WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want canceled", err)
	}
	if got := s.Calls(); got != (coretest.Calls{}) {
		t.Errorf("Calls is %+v, want none", got)
	}
}

func TestTransportReachesEveryHost(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	s.Inject(coretest.Token, 1, coretest.Redirect(307, "https://evil.invalid/steal"))
	res, err := s.Client().Do(newRequest(t, s, "POST", tokenPath, "", "grant_type=x"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	got := s.Requests(coretest.Other)
	if len(got) != 1 || got[0].Host != "evil.invalid" || got[0].Path != "/steal" || got[0].Body != "grant_type=x" {
		t.Errorf("requests elsewhere are %+v", got)
	}
}
