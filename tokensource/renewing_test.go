package tokensource_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	intoWindow = 3400 * time.Second // of a token for 3599 s: renewal began at 3329 s at the latest
	untilEnd   = 3599 * time.Second
)

// The renewal state machine: one row for each row of the package documentation's table.
func TestTokenByState(t *testing.T) {
	tests := []struct {
		name     string
		reach    func(t *testing.T, srv *coretest.Server, src *tokensource.Source) // brings src into the state
		slow     time.Duration                                                     // how long the fetch of this call takes
		sleeps   time.Duration                                                     // for how long the call must block
		old      bool                                                              // whether the token is the one from before
		err      string
		requests int // after the dust has settled
	}{
		{
			name:  "valid, before the window: the token", // CC-32
			reach: func(t *testing.T, _ *coretest.Server, src *tokensource.Source) { token(t, src) },
			old:   true, requests: 1,
		},
		{
			name: "valid, in the window: the token, and a fetch in the background", // CC-33
			reach: func(t *testing.T, _ *coretest.Server, src *tokensource.Source) {
				token(t, src)
				time.Sleep(intoWindow)
			},
			slow: 500 * time.Millisecond, old: true, requests: 2,
		},
		{
			name: "valid, in the window, with a fetch in flight: the token",
			reach: func(t *testing.T, srv *coretest.Server, src *tokensource.Source) {
				token(t, src)
				time.Sleep(intoWindow)
				srv.Inject(coretest.Token, 1, coretest.Delay(2*time.Second))
				token(t, src)
				synctest.Wait()
			},
			old: true, requests: 2,
		},
		{
			name: "valid, in the window, backed off: the token", // CC-35
			reach: func(t *testing.T, srv *coretest.Server, src *tokensource.Source) {
				token(t, src)
				time.Sleep(intoWindow)
				srv.Inject(coretest.Token, 1, coretest.Status(400))
				token(t, src)
				synctest.Wait()
			},
			old: true, requests: 2,
		},
		{
			name: "none, with a fetch in flight: what that fetch brings", // CC-34
			reach: func(_ *testing.T, srv *coretest.Server, src *tokensource.Source) {
				srv.Inject(coretest.Token, 1, coretest.Delay(2*time.Second))
				go src.Token(context.Background())
				time.Sleep(time.Second)
			},
			sleeps: time.Second, requests: 1,
		},
		{
			name: "none, backed off: the remembered error at once", // CC-25
			reach: func(_ *testing.T, srv *coretest.Server, src *tokensource.Source) {
				srv.Inject(coretest.Token, 1, coretest.Status(400))
				_, _ = src.Token(context.Background())
			},
			err: "answered 400", requests: 1,
		},
		{
			name:  "none: a fetch, waited for",
			reach: func(*testing.T, *coretest.Server, *tokensource.Source) {},
			slow:  2 * time.Second, sleeps: 2 * time.Second, requests: 1,
		},
		{
			name: "expired: a fetch, waited for",
			reach: func(t *testing.T, _ *coretest.Server, src *tokensource.Source) {
				token(t, src)
				time.Sleep(untilEnd)
			},
			slow: 2 * time.Second, sleeps: 2 * time.Second, requests: 2,
		},
		{
			name: "expired, and the fetch fails: the error, never the old token", // CC-36, A30
			reach: func(t *testing.T, srv *coretest.Server, src *tokensource.Source) {
				token(t, src)
				time.Sleep(untilEnd)
				srv.Inject(coretest.Token, coretest.Always, coretest.Status(429))
			},
			err: "answered 429", requests: 2,
		},
		{
			name: "invalidated: a fetch, waited for",
			reach: func(t *testing.T, _ *coretest.Server, src *tokensource.Source) {
				src.Invalidate(token(t, src))
			},
			slow: 2 * time.Second, sleeps: 2 * time.Second, requests: 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				src := newSource(t, config(srv))
				tt.reach(t, srv, src)
				before := srv.Calls().Token
				if tt.slow > 0 {
					srv.Inject(coretest.Token, 1, coretest.Delay(tt.slow))
				}
				begun := time.Now()
				tok, err := src.Token(t.Context())
				if d := time.Since(begun); d != tt.sleeps {
					t.Errorf("the caller waited %v, want %v", d, tt.sleeps)
				}
				if tt.err != "" {
					if err == nil || !strings.Contains(err.Error(), tt.err) || tok != (tokensource.Token{}) {
						t.Errorf("Token = %v, %v, want no token and %q", tok, err, tt.err)
					}
				} else if err != nil || !tok.ExpiresAt.After(time.Now()) {
					t.Errorf("Token = %v, %v, want one that has not ended", tok, err)
				}
				time.Sleep(5 * time.Second)
				wantCalls(t, srv, tt.requests)
				if tt.old && srv.Calls().Token > before && token(t, src) == tok {
					t.Error("the next caller still gets the old token")
				}
			})
		})
	}
}

// CC-32
func TestOneRequestForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		src := newSource(t, config(srv))
		for range 1000 {
			token(t, src)
			time.Sleep(3 * time.Second)
		}
		wantCalls(t, srv, 1)
	})
}

// CC-34
func TestColdStartIsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Token, 1, coretest.Delay(time.Second))
		src := newSource(t, config(srv))
		tokens := make(chan tokensource.Token, 100)
		for range cap(tokens) {
			go func() {
				tok, err := src.Token(t.Context())
				if err != nil {
					t.Error(err)
				}
				tokens <- tok
			}()
		}
		first := <-tokens
		for range cap(tokens) - 1 {
			if tok := <-tokens; tok != first {
				t.Errorf("two tokens: %v and %v", first, tok)
			}
		}
		wantCalls(t, srv, 1)
		if d := time.Until(first.ExpiresAt); d > 3599*time.Second-time.Second { // CC-20
			t.Errorf("the lifetime of 3599s that came after 1s has %v left", d)
		}
	})
}

// CC-20, CC-36
func TestTokenThatEndedOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.SetTokenLifetime(2 * time.Second)
		srv.Inject(coretest.Token, 1, coretest.Delay(2*time.Second))
		src := newSource(t, config(srv))
		if tok, err := src.Token(t.Context()); err == nil {
			t.Errorf("Token = one that ended at %v, want an error: now is %v", tok.ExpiresAt, time.Now())
		}
		time.Sleep(2 * time.Second)
		if tok := token(t, src); !tok.ExpiresAt.After(time.Now()) {
			t.Error("an ended token")
		}
	})
}

// CC-43, A13: one caller's leaving is nobody else's business.
func TestCallersLeaveAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Token, 1, coretest.Delay(time.Second))
		src := newSource(t, config(srv))
		cause := errors.New("the request is gone")
		leave := func(after time.Duration) chan error {
			ctx, cancel := context.WithTimeoutCause(t.Context(), after, cause)
			result := make(chan error, 1)
			go func() {
				defer cancel()
				_, err := src.Token(ctx)
				result <- err
			}()
			synctest.Wait()
			return result
		}
		leader, follower, patient := leave(10*time.Millisecond), leave(20*time.Millisecond), leave(time.Hour)
		begun := time.Now()
		if err := <-leader; !errors.Is(err, cause) || time.Since(begun) != 10*time.Millisecond {
			t.Errorf("the leader got %v after %v", err, time.Since(begun))
		}
		if err := <-follower; !errors.Is(err, cause) || time.Since(begun) != 20*time.Millisecond {
			t.Errorf("the follower got %v after %v", err, time.Since(begun))
		}
		if err := <-patient; err != nil || time.Since(begun) != time.Second {
			t.Errorf("who stayed got %v after %v", err, time.Since(begun))
		}
		wantCalls(t, srv, 1)
	})
}

func TestDoneCaller(t *testing.T) {
	srv := coretest.New()
	src := newSource(t, config(srv))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Token: %v, want %v", err, context.Canceled)
	}
	wantCalls(t, srv, 0)
	tok := token(t, src)
	if got, err := src.Token(ctx); got != tok || err != nil {
		t.Errorf("Token = %v, %v: a token at hand costs no waiting", got, err)
	}
}

// How often a server in trouble is asked while somebody wants a token ten times a second.
func TestRequestsUnderTrouble(t *testing.T) {
	const lasts = 10 * time.Minute
	tests := []struct {
		name  string
		fault coretest.Fault
		least int
		most  int
	}{
		{"503", coretest.Status(503), 40, 80},                                                                   // CC-25: each 10 s, and a few retries
		{"429 without a time", coretest.Status(429), 40, 66},                                                    //
		{"429 with a time", coretest.Status(429, "Retry-After", "60"), 9, 11},                                   // CC-41
		{"429 with a very long time", coretest.Status(429, "Retry-After", "99999999"), 9, 11},                   // CC-41: a minute
		{"503 with a time", coretest.Status(503, "Retry-After", "30"), 15, 21},                                  //
		{"a hanging server", coretest.Hang(), 30, 70},                                                           //
		{"expires_in 0", coretest.SetMember("expires_in", "0"), 40, 66},                                         // CC-17
		{"a negative expires_in", coretest.SetMember("expires_in", "-5"), 40, 66},                               // CC-17
		{"a login page", coretest.HTML(200), 40, 66},                                                            // CC-28
		{"invalid_client", coretest.Body(400, "application/json", `{"error":"invalid_client"}`), 8, 11},         // CC-25
		{"401 invalid_client", coretest.Body(401, "application/json", `{"error":"invalid_client"}`), 8, 11},     // CC-26
		{"403 without a body", coretest.Status(403), 8, 11},                                                     //
		{"invalid_scope", coretest.Body(400, "application/json", `{"error":"invalid_scope"}`), 8, 11},           //
		{"an error in a 200", coretest.Body(200, "application/json", `{"error":"unauthorized_client"}`), 8, 11}, // CC-29
		{"a token for less than was asked, which is one", coretest.SetMember("scope", `"x"`), 1, 1},             // JL-05
		{"a lifetime of a second", coretest.SetMember("expires_in", "1"), 500, 800},                             // CC-37, A36
		{"a lifetime of five seconds", coretest.SetMember("expires_in", "5"), 120, 160},                         // CC-37, A36
		{"a lifetime of a minute, which is no trouble", coretest.SetMember("expires_in", "60"), 12, 14},         //
		{"no lifetime, which means five minutes here", coretest.DropMember("expires_in"), 2, 3},                 // CC-16
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.Inject(coretest.Token, coretest.Always, tt.fault)
				src := newSource(t, config(srv))
				for begun := time.Now(); time.Since(begun) < lasts; time.Sleep(100 * time.Millisecond) {
					if tok, err := src.Token(t.Context()); err == nil && !tok.ExpiresAt.After(time.Now()) {
						t.Fatal("an ended token")
					}
				}
				time.Sleep(10 * time.Second)
				if n := srv.Calls().Token; n < tt.least || n > tt.most {
					t.Errorf("%d requests in %v, want %d to %d", n, lasts, tt.least, tt.most)
				}
			})
		})
	}
}

// CC-25, CC-60: what callers are told, and when the server is asked again.
func TestBackoff(t *testing.T) {
	tests := []struct {
		name         string
		fault        coretest.Fault
		quiet, again time.Duration // nobody is asked before the one, somebody by the other
	}{
		{"a failure", coretest.Status(429), time.Second, 1300 * time.Millisecond},
		{"a failure with a time", coretest.Status(429, "Retry-After", "7"), 7 * time.Second, 7 * time.Second},
		{"a refusal", coretest.Status(400), 1600 * time.Millisecond, 2 * time.Second}, // AV-12
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.Inject(coretest.Token, 1, tt.fault)
				src := newSource(t, config(srv))
				_, first := src.Token(t.Context())
				time.Sleep(tt.quiet - time.Millisecond)
				_, again := src.Token(t.Context())
				wantCalls(t, srv, 1)
				e, ok := errors.AsType[*tokensource.EndpointError](again)
				if !ok || e.Status == 0 || e.RetryAfter <= 0 || e.RetryAfter > tt.again-tt.quiet+time.Millisecond {
					t.Errorf("in the backoff: %v with RetryAfter %v, want the first error (%v) and what is left", again, e.RetryAfter, first)
				}
				time.Sleep(e.RetryAfter)
				token(t, src)
				wantCalls(t, srv, 2)
			})
		})
	}
}

// CC-38, CC-39
func TestInvalidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		src := newSource(t, config(srv))
		old := token(t, src)
		for range 50 { // fifty calls are refused at once, each with the same token
			go func() {
				src.Invalidate(old)
				if _, err := src.Token(t.Context()); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		wantCalls(t, srv, 2)
		renewed := token(t, src)
		if renewed == old {
			t.Error("the refused token is handed out again")
		}
		src.Invalidate(old) // a late refusal
		src.Invalidate(tokensource.Token{})
		if token(t, src) != renewed {
			t.Error("a late refusal of an old token cost a new one")
		}
		wantCalls(t, srv, 2)
	})
}

// A37, CC-40: a server that refuses all it issues is not asked for more and more.
func TestInvalidateIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		src := newSource(t, config(srv))
		for range 1000 { // 100 s of ten refusals a second
			src.Invalidate(token(t, src))
			time.Sleep(100 * time.Millisecond)
		}
		if n := srv.Calls().Token; n < 90 || n > 110 {
			t.Errorf("%d requests, want about one a second", n)
		}
		time.Sleep(time.Minute)
		before := srv.Calls().Token
		for range 4 {
			src.Invalidate(token(t, src))
			token(t, src)
		}
		if n := srv.Calls().Token - before; n < 4 || n > 5 { // the last of the thousand may have been kept
			t.Errorf("%d requests for four refusals after a quiet minute, want 4 or 5", n)
		}
	})
}

// A token that was invalidated while its successor is fetched does not come back.
func TestInvalidateDuringRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		src := newSource(t, config(srv))
		old := token(t, src)
		time.Sleep(intoWindow)
		srv.Inject(coretest.Token, 1, coretest.Delay(time.Second))
		token(t, src)
		src.Invalidate(old)
		if tok := token(t, src); tok == old {
			t.Error("the invalidated token came back")
		}
		wantCalls(t, srv, 2)
	})
}

// CC-48
func TestRotatedSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		var secret atomic.Value
		secret.Store("one")
		rotate := func(to string) {
			srv.SetClient(coretest.Client{ID: "job", Secret: to, AllowedScope: "*"})
			secret.Store(to)
		}
		rotate("one")
		c := config(srv)
		c.ClientID, c.ClientSecret = "job", ""
		c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
			return tokensource.Secret(secret.Load().(string)), nil
		}
		src := newSource(t, c)
		old := token(t, src)
		rotate("two")
		src.Invalidate(old) // the server refuses the old secret's token
		if token(t, src) == old {
			t.Error("the old token")
		}
		wantCalls(t, srv, 2)
	})
}

// CC-60, A81
func TestServerIsDownAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Down()
		src := newSource(t, config(srv))
		for range 3 {
			if tok, err := src.Token(t.Context()); err == nil {
				t.Errorf("Token = %v from a server that is down", tok)
			}
			time.Sleep(time.Minute)
		}
		srv.Up()
		token(t, src)
	})
}

// What a fetch of the caller's own may do.
func TestFunc(t *testing.T) {
	good := tokensource.Token{AccessToken: "t", Scope: "s"}
	tests := []struct {
		name  string
		fetch func(context.Context) (tokensource.Token, error)
		want  string // in the error
	}{
		{"it answers a token that does not end", func(context.Context) (tokensource.Token, error) { return good, nil }, ""},
		{"it fails", func(context.Context) (tokensource.Token, error) { return good, errors.New("no agent") }, "no agent"},
		{"it panics", func(context.Context) (tokensource.Token, error) { panic("canary") }, "panic: string"},
		{"it answers an ended token", func(context.Context) (tokensource.Token, error) {
			return tokensource.Token{AccessToken: "t", ExpiresAt: time.Now()}, nil
		}, "had ended"},
		{"it answers no token", func(context.Context) (tokensource.Token, error) { return tokensource.Token{}, nil }, "no header can carry"},
		{"it answers a token with a line break", func(context.Context) (tokensource.Token, error) {
			return tokensource.Token{AccessToken: "canary\n"}, nil
		}, "no header can carry"}, // CC-13
		{"it waits for ever", func(ctx context.Context) (tokensource.Token, error) {
			<-ctx.Done()
			return tokensource.Token{}, ctx.Err()
		}, "deadline"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tok, err := tokensource.Func(tt.fetch).Token(t.Context())
				if tt.want == "" {
					if tok != good || err != nil {
						t.Errorf("Token = %v, %v, want %v", tok, err, good)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") || tok != (tokensource.Token{}) {
					t.Errorf("Token = %v, %v, want %q", tok, err, tt.want)
				}
			})
		})
	}
}

func TestStaticRefusesWhatNoHeaderCanCarry(t *testing.T) {
	for _, bad := range []tokensource.Secret{"", "canary\n", "canary x", "canary\u00e9"} {
		tok, err := tokensource.Static(bad).Token(t.Context())
		if err == nil || tok.AccessToken != "" || strings.Contains(err.Error(), "canary") {
			t.Errorf("Static(%q): Token = %v, %v, want an error that does not repeat it", string(bad), tok, err)
		}
	}
}

func TestStatic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := tokensource.Static("t")
		time.Sleep(10 * 365 * 24 * time.Hour)
		tok := token(t, src)
		if tok.AccessToken != "t" {
			t.Errorf("Token = %q", string(tok.AccessToken))
		}
		src.Invalidate(tok)
		if again := token(t, src); again != tok {
			t.Error("the only token is gone after one refusal, want it kept: the server may have been wrong")
		}
	})
}

// A log handler may itself want a token, to ship its records with: no lock is held while it runs.
func TestLogHandlerThatWantsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		c := config(srv)
		var src *tokensource.Source
		asked := 0
		c.Logger = slog.New(handlerFunc(func(ctx context.Context) {
			asked++
			_, _ = src.Token(ctx)
		}))
		src = newSource(t, c)
		srv.Inject(coretest.Token, 2, coretest.Status(500))
		if tok, err := src.Token(t.Context()); err == nil {
			t.Errorf("Token = %v, want an error", tok)
		}
		time.Sleep(time.Minute)
		token(t, src)
		synctest.Wait()
		if asked != 3 {
			t.Errorf("the handler ran %d times, want for the failure, the renewal and the end of the trouble", asked)
		}
	})
}

type handlerFunc func(context.Context)

func (handlerFunc) Enabled(context.Context, slog.Level) bool          { return true }
func (f handlerFunc) Handle(ctx context.Context, _ slog.Record) error { f(ctx); return nil }
func (f handlerFunc) WithAttrs([]slog.Attr) slog.Handler              { return f }
func (f handlerFunc) WithGroup(string) slog.Handler                   { return f }
