package jose_test

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
)

var errReset = errors.New("connection reset by peer")

// MD-16 (keys), MD-17 (keys): a server that is down at first use fails closed, is asked after
// pauses of 1 to 30 s only, and its failure is not remembered once it answers.
func TestDownAtFirstUse(t *testing.T) {
	token := sign(t, edKey(), jose.EdDSA, "k")
	synctest.Test(t, func(t *testing.T) {
		s := edServer()
		s.err = errReset
		k := s.keeper()
		begun := time.Now()
		var at []time.Duration // of the fetches
		for last := 0; time.Since(begun) < 5*time.Minute; time.Sleep(100 * time.Millisecond) {
			now := time.Now()
			_, err := k.Verify(t.Context(), token, jose.Algorithms)
			failed, ok := errors.AsType[*jose.KeysError](err)
			if !ok || !errors.Is(err, jose.ErrNoKeys) || failed.RetryAfter <= 0 || failed.RetryAfter > 30*time.Second {
				t.Fatalf("Verify: %#v", err)
			}
			if time.Since(now) != 0 {
				t.Fatalf("within the pause it took %v", time.Since(now))
			}
			if s.calls != last {
				last = s.calls
				at = append(at, time.Since(begun))
			}
		}
		for i := 1; i < len(at); i++ {
			least := min(time.Second<<(i-1), 25*time.Second)
			if pause := at[i] - at[i-1]; pause < least || pause > min(least+least/5, 30*time.Second)+100*time.Millisecond {
				t.Errorf("pause %d is %v, want %v and a little more", i, pause, least)
			}
		}
		if len(at) < 12 {
			t.Errorf("%d fetches in five minutes", len(at))
		}
		s.set(func(s *server) { s.err = nil })
		time.Sleep(30 * time.Second)
		wantVerify(t, k, token, nil)
		s.set(func(s *server) { s.calls = 0 })
		wantVerify(t, k, token, nil)
		s.wantCalls(t, 0)
		synctest.Wait()
		if got := s.lines(); !slices.Equal(got, []string{"WARN", "INFO"}) {
			t.Errorf("the log has %v", got)
		}
	})
}

// SV-08, MD-17 (keys), an expired key set: the last good keys are used for a day after they were
// last got, and then none. One line tells when fetching begins to fail, and one when it works
// again.
func TestKeysAreKeptForADay(t *testing.T) {
	token := sign(t, edKey(), jose.EdDSA, "k")
	synctest.Test(t, func(t *testing.T) {
		s := edServer()
		k := s.keeper()
		wantVerify(t, k, token, nil)
		time.Sleep(time.Hour)
		wantVerify(t, k, token, nil) // confirms them
		synctest.Wait()
		s.wantCalls(t, 2)
		confirmed := time.Now()
		s.set(func(s *server) { s.err = errReset })
		for time.Since(confirmed) < 24*time.Hour {
			begun := time.Now()
			wantVerify(t, k, token, nil)
			if time.Since(begun) != 0 {
				t.Fatalf("it waited %v", time.Since(begun))
			}
			time.Sleep(time.Minute)
		}
		wantVerify(t, k, token, jose.ErrNoKeys)
		if err := k.Ready(t.Context()); !errors.Is(err, jose.ErrNoKeys) {
			t.Errorf("Ready: %v", err)
		}
		s.set(func(s *server) { s.err = nil })
		time.Sleep(30 * time.Second)
		wantVerify(t, k, token, nil)
		synctest.Wait()
		if got := s.lines(); !slices.Equal(got, []string{"WARN", "INFO"}) {
			t.Errorf("the log has %v", got)
		}
	})
}

// SV-08: documents without a usable key never replace good keys, and are told once.
func TestDocumentsWithoutKeysReplaceNothing(t *testing.T) {
	token := sign(t, edKey(), jose.EdDSA, "k")
	for name, document := range map[string]string{
		"an empty set": set(), "only weak keys": set(jwk(rsaKey(), member{"n": b64(rsaKey().N.Bytes()[:128])})), "a page": "<html>", "nothing": "",
		"another use": set(jwk(edKey(), member{"kid": "k", "use": "enc"})),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := edServer()
				good := s.document
				k := s.keeper()
				wantVerify(t, k, token, nil)
				s.set(func(s *server) { s.err = errReset })
				time.Sleep(time.Hour)
				wantVerify(t, k, token, nil)
				synctest.Wait()
				s.set(func(s *server) { s.err, s.document = nil, document })
				for range 100 {
					time.Sleep(time.Minute)
					wantVerify(t, k, token, nil)
				}
				synctest.Wait()
				if got := s.lines(); !slices.Equal(got, []string{"WARN", "WARN"}) { // the reset, and this
					t.Errorf("the log has %v", got)
				}
				s.set(func(s *server) { s.document = good })
				time.Sleep(time.Minute)
				wantVerify(t, k, token, nil)
				synctest.Wait()
				if got := s.lines(); !slices.Equal(got, []string{"WARN", "WARN", "INFO"}) {
					t.Errorf("the log has %v", got)
				}
				s.set(func(s *server) { s.err = errReset })
				time.Sleep(time.Hour)
				wantVerify(t, k, token, nil)
				synctest.Wait()
				s.set(func(s *server) { s.err, s.document = nil, document })
				time.Sleep(time.Minute)
				wantVerify(t, k, token, nil)
				synctest.Wait()
				if got := s.lines(); !slices.Equal(got, []string{"WARN", "WARN", "INFO", "WARN", "WARN"}) { // a new outage is told anew
					t.Errorf("the log has %v", got)
				}
			})
		})
	}
}

// SV-08: a server that hangs has the time of Timeout, also if the transport ignores its context,
// and a transport that panics costs no more than a failure.
func TestAFetchIsBounded(t *testing.T) {
	token := sign(t, edKey(), jose.EdDSA, "k")
	release := func(t *testing.T) chan struct{} {
		c := make(chan struct{})
		t.Cleanup(func() { close(c) })
		return c
	}
	tests := []struct {
		name      string
		transport func(*testing.T) roundtrip.Func
		least     time.Duration
		most      time.Duration
	}{
		{"it hangs", func(*testing.T) roundtrip.Func {
			return func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		}, 3 * time.Second, 3 * time.Second},
		{"it ignores its context", func(t *testing.T) roundtrip.Func {
			c := release(t)
			return func(*http.Request) (*http.Response, error) { <-c; return nil, errReset }
		}, 3 * time.Second, 3200 * time.Millisecond},
		{"it panics", func(*testing.T) roundtrip.Func {
			return func(*http.Request) (*http.Response, error) { panic("canary") }
		}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := jose.NewKeeper(jose.Options{URL: keysURL, Transport: tt.transport(t), Timeout: 3 * time.Second, Log: slog.New(slog.DiscardHandler)})
				begun := time.Now()
				_, err := k.Verify(t.Context(), token, jose.Algorithms)
				if d := time.Since(begun); !errors.Is(err, jose.ErrNoKeys) || d < tt.least || d > tt.most || strings.Contains(err.Error(), "canary") {
					t.Errorf("Verify: %v after %v", err, d)
				}
				wantVerify(t, k, token, jose.ErrNoKeys)
				if d := time.Since(begun); d > tt.most {
					t.Errorf("the next caller had its error after %v", d)
				}
			})
		})
	}
}
