package tokensource_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// keep runs src.Keep for as long as the test does, and waits for its end.
func keep(t *testing.T, src *tokensource.Source) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background()) // t's ends before its Cleanup
	done := make(chan error, 1)
	go func() { done <- src.Keep(ctx) }()
	t.Cleanup(func() {
		gone := errors.New("the test is over")
		cancel(gone)
		if err := <-done; !errors.Is(err, gone) {
			t.Errorf("Keep returned %v, want its context's cause", err)
		}
	})
}

// events collects what Config.Renewed is told.
type events struct {
	mu   sync.Mutex
	seen []tokensource.Renewal
}

func (e *events) add(r tokensource.Renewal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, r)
}

func (e *events) take() []tokensource.Renewal {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	seen := e.seen
	e.seen = nil
	return seen
}

// An idle program's token is always fresh, and nobody asks for more than that takes.
func TestKeep(t *testing.T) {
	tests := []struct {
		name        string
		life        time.Duration
		trouble     func(*coretest.Server) // after the first token
		lasts       time.Duration
		least, most int // token requests
	}{
		{"an hour's tokens for a day", 0, func(*coretest.Server) {}, 24 * time.Hour, 26, 28},
		{"a minute's tokens for an hour", time.Minute, func(*coretest.Server) {}, time.Hour, 73, 78},
		{"a token of three seconds for a minute", 3 * time.Second, func(*coretest.Server) {}, time.Minute, 22, 29},
		{"a failure at each renewal", 0, func(srv *coretest.Server) {
			srv.Inject(coretest.Token, coretest.Always, everyOther(coretest.Status(429, "Retry-After", "60")))
		}, 24 * time.Hour, 51, 56},
		{"a refusal at each renewal", 0, func(srv *coretest.Server) {
			srv.Inject(coretest.Token, coretest.Always, everyOther(coretest.Status(400)))
		}, 24 * time.Hour, 51, 56},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.SetTokenLifetime(tt.life)
				src := newSource(t, config(srv))
				if err := src.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				tt.trouble(srv)
				keep(t, src)
				for begun := time.Now(); time.Since(begun) < tt.lasts; time.Sleep(7 * time.Second) {
					asked := time.Now()
					tok := token(t, src)
					if d := time.Since(asked); d != 0 {
						t.Fatalf("after %v a caller waited %v", asked.Sub(begun), d)
					}
					if left := time.Until(tok.ExpiresAt); left <= 0 {
						t.Fatalf("after %v the token had %v left", asked.Sub(begun), left)
					}
				}
				if n := srv.Calls().Token; n < tt.least || n > tt.most {
					t.Errorf("%d requests, want %d to %d", n, tt.least, tt.most)
				}
			})
		})
	}
}

// everyOther fails one call of two.
func everyOther(f coretest.Fault) coretest.Fault {
	var calls atomic.Int32
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if calls.Add(1)%2 == 1 {
			f(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// Keep starts nothing that outlives it, and renews what is refused without being asked.
func TestKeepRenewsAnInvalidatedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		src := newSource(t, config(srv))
		keep(t, src)
		synctest.Wait()
		wantCalls(t, srv, 1)
		tok := token(t, src)
		srv.Restart()
		src.Invalidate(tok)
		synctest.Wait()
		wantCalls(t, srv, 2)
	})
}

func TestKeepOutlivesARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		c := config(srv)
		c.ClientID = "late"
		src := newSource(t, c)
		keep(t, src)
		time.Sleep(time.Hour)
		if n := srv.Calls().Token; n < 16 || n > 24 {
			t.Errorf("%d requests in an hour of refusals, want a few at first and then one in about five minutes", n)
		}
		srv.SetClient(coretest.Client{ID: "late", Secret: "test", AllowedScope: "*"})
		time.Sleep(6 * time.Minute)
		if err := src.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestKeepEnds(t *testing.T) {
	cause := errors.New("shutting down")
	tests := []struct {
		name  string
		fault coretest.Fault
	}{
		{"while it waits for the next renewal", nil},
		{"while a fetch hangs", coretest.Hang()},
		{"while it is backed off", coretest.Status(400)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				if tt.fault != nil {
					srv.Inject(coretest.Token, coretest.Always, tt.fault)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- newSource(t, config(srv)).Keep(ctx) }()
				time.Sleep(time.Second)
				cancel(cause)
				synctest.Wait()
				select {
				case err := <-ended:
					if !errors.Is(err, cause) {
						t.Errorf("Keep: %v, want %v", err, cause)
					}
				default:
					t.Error("Keep goes on")
				}
				time.Sleep(10 * time.Second) // the fetch, if any, ends by its own clock
			})
		})
	}
}

func TestReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Down()
		src := newSource(t, config(srv))
		err := src.Ready(t.Context())
		if e, ok := errors.AsType[*tokensource.EndpointError](err); !ok || e.Endpoint != "token" || !strings.HasPrefix(err.Error(), "tokensource: not ready: ") {
			t.Errorf("Ready: %v, want the *EndpointError", err)
		}
		srv.Up()
		time.Sleep(2 * time.Second)
		before := srv.Calls().Token
		for range 3 {
			if err := src.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		}
		wantCalls(t, srv, before+1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := newSource(t, config(srv)).Ready(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Ready: %v, want %v", err, context.Canceled)
		}
	})
}

func TestRenewedIsToldOfEachFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		srv := coretest.New()
		c := config(srv)
		c.Renewed = told.add
		src := newSource(t, c)
		ask := func() {
			_, _ = src.Token(t.Context())
			time.Sleep(time.Second)
		}
		check := func(trigger tokensource.Trigger, took time.Duration, failed bool, expires, retry time.Duration) {
			t.Helper()
			seen := told.take()
			if len(seen) != 1 {
				t.Fatalf("told %d times: %v", len(seen), seen)
			}
			r := seen[0]
			left := time.Until(r.ExpiresAt)
			if r.ExpiresAt.IsZero() {
				left = 0
			}
			if r.Scope != "messages.write" || r.Trigger != trigger || r.Duration != took || (r.Err != nil) != failed ||
				left < expires-5*time.Second || left > expires || r.RetryIn < retry*8/10 || r.RetryIn > retry*12/10 {
				t.Errorf("told %+v with %v left, want %s in %v, failed %v, %v left, %v to wait", r, left, trigger, took, failed, expires, retry)
			}
		}
		srv.Inject(coretest.Token, 1, coretest.Status(429))
		ask()
		check(tokensource.Absent, 0, true, 0, time.Second)
		time.Sleep(time.Second)
		srv.Inject(coretest.Token, 1, coretest.Delay(500*time.Millisecond))
		ask()
		check(tokensource.Absent, 500*time.Millisecond, false, 3599*time.Second, 0)
		time.Sleep(3400 * time.Second)
		srv.Inject(coretest.Token, 1, coretest.Status(400))
		ask()
		check(tokensource.Due, 0, true, 199*time.Second, 2*time.Second)
		time.Sleep(time.Minute)
		ask()
		check(tokensource.Due, 0, false, 3599*time.Second, 0)
		time.Sleep(time.Hour)
		ask()
		check(tokensource.Expired, 0, false, 3599*time.Second, 0)
		src.Invalidate(token(t, src))
		ask()
		check(tokensource.Invalidated, 0, false, 3599*time.Second, 0)
		if seen := told.take(); len(seen) != 0 {
			t.Errorf("told %v for nothing", seen)
		}
	})
}

func TestRenewedNamesTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		srv := coretest.New()
		c := config(srv)
		c.Renewed = told.add
		src := newSource(t, c)
		more := src.Scoped("b")
		srv.Inject(coretest.Token, 1, coretest.Status(400)) // a failed fetch has a Source, too
		_, _ = src.Token(t.Context())
		token(t, more)
		seen := told.take()
		if len(seen) != 2 || seen[0].Source != src || seen[1].Source != more {
			t.Errorf("told %+v, want the Sources %p and %p", seen, src, more)
		}
	})
}

// CC-47, A11
func TestScoped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		srv := coretest.New()
		c := config(srv)
		c.Scope, c.Renewed = "a b", told.add
		src := newSource(t, c)
		same := []string{"a b", "b a", " b  a ", "a b a"}
		for _, scope := range same {
			if src.Scoped(scope) != src || src.Scoped("c").Scoped(scope) != src {
				t.Errorf("Scoped(%q) is another Source", scope)
			}
		}
		if c := src.Scoped("c"); c != src.Scoped("c") || c == src.Scoped("") || src.Scoped("a") == src {
			t.Error("the Sources are mixed up")
		}
		for range 20 { // one flight each
			for _, scope := range []string{"a b", "c", "d c", "c d", ""} {
				go func() {
					tok, err := src.Scoped(scope).Token(t.Context())
					want := map[string]string{"a b": "a b", "c": "c", "d c": "d c", "c d": "d c", "": "RegisteredClient"}[scope]
					if err != nil || tok.Scope != want && tok.Scope != "c d" {
						t.Errorf("Scoped(%q): %v, %v", scope, tok, err)
					}
				}()
			}
		}
		synctest.Wait()
		wantCalls(t, srv, 4)
		var scopes []string
		for _, r := range told.take() {
			scopes = append(scopes, r.Scope)
		}
		if len(scopes) != 4 || !slices.Contains(scopes, "c") {
			t.Errorf("told of the scopes %q", scopes)
		}
		srv.Inject(coretest.Token, 1, coretest.Status(400)) // the trouble of one scope is not another's
		if _, err := src.Scoped("e").Token(t.Context()); err == nil {
			t.Error("no error")
		}
		token(t, src)
		token(t, src.Scoped("f"))
	})
}

func TestScopedRefusesWhatIsNoScope(t *testing.T) {
	srv := coretest.New()
	if _, err := newSource(t, config(srv)).Scoped(`a"b`).Token(t.Context()); err == nil || !strings.Contains(err.Error(), `the scope has the character '"'`) {
		t.Errorf("Token: %v", err)
	}
	wantCalls(t, srv, 0)
	if src := tokensource.Static("t"); src.Scoped("a") != src {
		t.Error("a static Source has another one for a scope")
	}
}
