package jose_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// SV-08, MD-16 (keys): keys are got on demand, and once for all who wait.
func TestOneFetchForAll(t *testing.T) {
	token := sign(t, edKey(), jose.EdDSA, "k")
	synctest.Test(t, func(t *testing.T) {
		s := edServer()
		s.delay = time.Second
		k := s.keeper()
		synctest.Wait()
		s.wantCalls(t, 0)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { wantVerify(t, k, token, nil) })
		}
		all.Wait()
		s.wantCalls(t, 1)
		begun := time.Now()
		wantVerify(t, k, token, nil)
		if time.Since(begun) != 0 {
			t.Errorf("with keys at hand it took %v", time.Since(begun))
		}
		s.wantCalls(t, 1)
	})
}

// SV-08: each waits no longer than its own context, and the fetch goes on for the others.
func TestEachWaitsWithinItsContext(t *testing.T) {
	token := sign(t, edKey(), jose.EdDSA, "k")
	synctest.Test(t, func(t *testing.T) {
		s := edServer()
		s.delay = 2 * time.Second
		k := s.keeper()
		begun := time.Now()
		first, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := k.Verify(first, token, jose.Algorithms)
		if !errors.Is(err, jose.ErrNoKeys) || !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("the first caller: %v after %v", err, time.Since(begun))
		}
		wantVerify(t, k, token, nil)
		if time.Since(begun) != 2*time.Second {
			t.Errorf("the second caller had its keys after %v, want 2s", time.Since(begun))
		}
		s.wantCalls(t, 1)
	})
}

// SV-08, A39, an unknown kid: kids that strangers choose cause one fetch in five minutes in all,
// and the others are served from the keys at hand.
func TestUnknownKids(t *testing.T) {
	good := sign(t, edKey(), jose.EdDSA, "k")
	hostile := make([]string, 50)
	for i := range hostile {
		hostile[i] = sign(t, otherRSA(), jose.RS256, fmt.Sprint("hostile ", i))
	}
	synctest.Test(t, func(t *testing.T) {
		s := edServer()
		k := s.keeper()
		wantVerify(t, k, hostile[0], jose.ErrUnknownKey)
		s.wantCalls(t, 1) // the keys are newer than the token
		for round := range 3 {
			begun := time.Now()
			for time.Since(begun) < 5*time.Minute {
				time.Sleep(time.Second)
				for _, token := range hostile {
					wantVerify(t, k, token, jose.ErrUnknownKey)
				}
				wantVerify(t, k, good, nil)
			}
			s.wantCalls(t, 2+round)
		}
	})
}

// SV-08: the same for signatures that fit no key, where no kid tells which key it is. A signature
// that does not fit the key of its kid causes no fetch.
func TestSignaturesThatFitNoKey(t *testing.T) {
	hostile := sign(t, otherRSA(), jose.RS256, "")
	tests := []struct {
		name     string
		document string
		single   bool
		token    string
		want     error
		calls    int // in a minute
	}{
		{"no kid", set(jwk(rsaKey(), member{"kid": "k"})), false, hostile, jose.ErrSignature, 2},
		{"a single key", text(jwk(rsaKey(), nil)), true, hostile, jose.ErrSignature, 2},
		{"a single key and a kid", text(jwk(rsaKey(), nil)), true, sign(t, otherRSA(), jose.RS256, "k"), jose.ErrSignature, 2},
		{"the kid of a key", set(jwk(rsaKey(), member{"kid": "k"})), false, sign(t, otherRSA(), jose.RS256, "k"), jose.ErrSignature, 1},
		{"an algorithm that the key is not for", set(jwk(rsaKey(), member{"kid": "k"})), false, sign(t, edKey(), jose.EdDSA, "k"), jose.ErrAlgorithm, 1},
		{"an algorithm that is not allowed", set(jwk(rsaKey(), member{"kid": "k"})), false, hs256(rsaKey().N.Bytes()), jose.ErrAlgorithm, 1},
		{"no token", set(jwk(rsaKey(), member{"kid": "k"})), false, "x", jose.ErrMalformed, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{document: tt.document}
				k := jose.NewKeeper(jose.Options{URL: keysURL, Transport: s, Single: tt.single})
				if err := k.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				for range 60 {
					time.Sleep(time.Second)
					wantVerify(t, k, tt.token, tt.want)
				}
				s.wantCalls(t, tt.calls)
			})
		})
	}
}

// SV-08: keys are refreshed in the background after their time, which the document's max-age says.
func TestKeysAreRefreshed(t *testing.T) {
	token := sign(t, edKey(), jose.EdDSA, "k")
	tests := []struct {
		name   string
		header []string
		life   time.Duration
	}{
		{"no max-age", nil, time.Hour},
		{"no-store", []string{"Cache-Control", "no-store"}, time.Hour},
		{"ten minutes", []string{"Cache-Control", "public, max-age=600"}, 10 * time.Minute},
		{"none", []string{"Cache-Control", "max-age=0"}, 5 * time.Minute},
		{"a year", []string{"Cache-Control", "max-age=31536000"}, 12 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := edServer()
				s.header = tt.header
				k := s.keeper()
				wantVerify(t, k, token, nil)
				time.Sleep(tt.life - time.Nanosecond)
				wantVerify(t, k, token, nil)
				synctest.Wait()
				s.wantCalls(t, 1)
				s.set(func(s *server) { s.delay = time.Second })
				time.Sleep(time.Nanosecond)
				for range 100 {
					begun := time.Now()
					wantVerify(t, k, token, nil)
					if time.Since(begun) != 0 {
						t.Fatalf("it waited %v for the refresh", time.Since(begun))
					}
				}
				time.Sleep(time.Second)
				synctest.Wait()
				s.wantCalls(t, 2)
			})
		})
	}
}
