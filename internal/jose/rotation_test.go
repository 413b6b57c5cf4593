package jose_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// SV-08: a token that is signed with a new key waits for the keys and is verified, and so are all
// that come meanwhile.
func TestANewKey(t *testing.T) {
	old, fresh := sign(t, rsaKey(), jose.RS256, "old"), sign(t, otherRSA(), jose.RS256, "new")
	bare := sign(t, otherRSA(), jose.RS256, "")
	tests := []struct {
		name          string
		single        bool
		before, after string
		token         string
	}{
		{"another kid", false, set(jwk(rsaKey(), member{"kid": "old"})), set(jwk(otherRSA(), member{"kid": "new"})), fresh},
		{"no kid", false, set(jwk(rsaKey(), nil)), set(jwk(otherRSA(), nil)), bare},
		{"a single key", true, text(jwk(rsaKey(), nil)), text(jwk(otherRSA(), nil)), bare},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{document: tt.before, delay: time.Second}
				k := jose.NewKeeper(jose.Options{URL: keysURL, Transport: s, Single: tt.single})
				if err := k.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.set(func(s *server) { s.document = tt.after })
				time.Sleep(time.Minute)
				var all sync.WaitGroup
				for i := range 10 {
					all.Go(func() {
						time.Sleep(time.Duration(i) * 90 * time.Millisecond)
						wantVerify(t, k, tt.token, nil)
					})
				}
				all.Wait()
				s.wantCalls(t, 2)
				if !tt.single && tt.token == fresh {
					wantVerify(t, k, old, jose.ErrUnknownKey) // a key that was withdrawn is not used
					s.wantCalls(t, 2)
				}
			})
		})
	}
}

// SV-08: a token with a new key that comes during a refresh, but whose key was published after the
// refresh was sent, causes a fetch of its own.
func TestANewKeyDuringARefresh(t *testing.T) {
	fresh := sign(t, rsaKey(), jose.RS256, "new")
	synctest.Test(t, func(t *testing.T) {
		s := edServer()
		k := s.keeper()
		wantVerify(t, k, sign(t, edKey(), jose.EdDSA, "k"), nil)
		time.Sleep(time.Hour)
		s.set(func(s *server) { s.delay = time.Second })
		wantVerify(t, k, sign(t, edKey(), jose.EdDSA, "k"), nil) // begins the refresh
		synctest.Wait()
		s.wantCalls(t, 2)
		time.Sleep(time.Second / 2)
		s.set(func(s *server) { s.document = set(jwk(rsaKey(), member{"kid": "new"})) })
		wantVerify(t, k, fresh, nil)
		s.wantCalls(t, 3)
	})
}

// A39, MD-16 (keys): while fetching fails, a token with an unknown key may be a good one, so it is
// not blamed. The failure costs it no five minutes, and others no fetch of their own.
func TestANewKeyDuringAnOutage(t *testing.T) {
	fresh := sign(t, rsaKey(), jose.RS256, "new")
	synctest.Test(t, func(t *testing.T) {
		s := edServer()
		k := s.keeper()
		wantVerify(t, k, sign(t, edKey(), jose.EdDSA, "k"), nil)
		time.Sleep(time.Minute)
		s.set(func(s *server) { s.status = 503 })
		for range 100 {
			wantVerify(t, k, fresh, jose.ErrNoKeys)
		}
		s.wantCalls(t, 2)
		s.set(func(s *server) { s.status, s.document = 0, set(jwk(rsaKey(), member{"kid": "new"})) })
		time.Sleep(1200 * time.Millisecond)
		wantVerify(t, k, fresh, nil)
		s.wantCalls(t, 3)
	})
}
