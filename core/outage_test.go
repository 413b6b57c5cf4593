package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// Killing the server for a minute and bringing it back needs no restart, logs nobody out, and lets nobody in.
func TestOutageOfAMinute(t *testing.T) {
	for _, tt := range []struct {
		name string
		down func(*coretest.Server)
		up   func(*coretest.Server)
	}{
		{"the server is gone", (*coretest.Server).Down, (*coretest.Server).Up},
		{"the server is gone and forgets us", (*coretest.Server).Down, func(s *coretest.Server) { s.Up(); s.Restart() }},
		{"introspection answers 503", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Status(503))
		}, func(s *coretest.Server) { s.Clear(coretest.Introspection) }},
		{"introspection hangs", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Hang())
		}, func(s *coretest.Server) { s.Clear(coretest.Introspection) }},
		{"a login page stands in for all", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.HTML(200))
			s.Inject(coretest.Token, coretest.Always, coretest.HTML(200))
		}, func(s *coretest.Server) { s.Clear(coretest.Introspection); s.Clear(coretest.Token) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				known := srv.Mint(coretest.Grant{})
				authorize(t.Context(), v, bearer(known), core.Authenticated())
				revoked := srv.Mint(coretest.Grant{})
				srv.Revoke(revoked)
				tt.down(srv)
				begun := time.Now()
				for i := 0; time.Since(begun) < time.Minute; i++ {
					_, d := authorize(t.Context(), v, bearer(known), core.Authenticated())
					if early := time.Since(begun) < 50*time.Second; early && d != nil {
						t.Fatalf("after %v a remembered token got %s: %v", time.Since(begun), outcome(d), d.Cause)
					} else if d != nil && outcome(d) != "503" {
						t.Fatalf("after %v a token got %s", time.Since(begun), outcome(d))
					}
					for _, tok := range []string{revoked, fmt.Sprint("new", i)} {
						if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated().Optional()); outcome(d) != "503" {
							t.Fatalf("after %v a new token got %s, want 503", time.Since(begun), outcome(d))
						}
					}
					time.Sleep(500 * time.Millisecond)
				}
				during := srv.Calls()
				tt.up(srv)
				back := srv.Mint(coretest.Grant{})
				begun = time.Now()
				for {
					if _, d := authorize(t.Context(), v, bearer(back), core.Authenticated()); d == nil {
						break
					} else if outcome(d) != "503" {
						t.Fatalf("got %s", outcome(d))
					}
					if time.Since(begun) > 15*time.Second {
						t.Fatal("still refused 15s after the server came back")
					}
					time.Sleep(250 * time.Millisecond)
				}
				if during.Introspection > 60 || during.Token > 20 {
					t.Errorf("%+v during the outage", during)
				}
				if _, d := authorize(t.Context(), v, bearer(revoked), core.Authenticated()); outcome(d) != invalidToken {
					t.Errorf("then a revoked token got %s", outcome(d))
				}
				time.Sleep(10 * time.Second) // what hung may still do so
			})
		})
	}
}

// CC-60: the server is down when the program starts.
func TestServerIsDownAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Down()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		for range 100 {
			if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); outcome(d) != "503" {
				t.Fatalf("got %s, want 503", outcome(d))
			}
			time.Sleep(100 * time.Millisecond)
		}
		srv.Up()
		time.Sleep(12 * time.Second)
		if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d != nil {
			t.Errorf("got %s: %v", outcome(d), d.Cause)
		}
	})
}

// The load that killed IBM's own validators: many callers, cold, against a server that refuses us, fails or hangs. Theirs sent four
// token and four introspection requests for each caller.
func TestStorms(t *testing.T) {
	for _, tt := range []struct {
		name string
		prep func(*coretest.Server)
		most coretest.Calls
	}{
		{"our tokens are refused", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Status(401))
		}, coretest.Calls{Token: 70, Introspection: 260}}, // at most what was in flight when the breaker opened
		{"our credentials are refused", func(s *coretest.Server) { s.DeleteClient("test") }, coretest.Calls{Token: 1}},
		{"500", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
		}, coretest.Calls{Token: 1, Introspection: 128 + 10}},
		{"hung", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Hang())
		}, coretest.Calls{Token: 1, Introspection: 128 + 10}},
		{"hung token endpoint", func(s *coretest.Server) {
			s.Inject(coretest.Token, coretest.Always, coretest.Hang())
		}, coretest.Calls{Token: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tt.prep(srv)
				begun := time.Now()
				if n := concurrently(2000, func(i int) bool {
					_, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
					return outcome(d) == "503"
				}); n != 2000 {
					t.Errorf("%d of 2000 got 503", n)
				}
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("took %v", took)
				}
				if got := srv.Calls(); got.Token > tt.most.Token || got.Introspection > tt.most.Introspection {
					t.Errorf("got %+v, want at most %+v", got, tt.most)
				}
				time.Sleep(10 * time.Second) // what hung may still do so
			})
		})
	}
}
