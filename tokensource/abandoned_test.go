package tokensource_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// blocker is a function of a program that ignores its context while it is blocked.
type blocker struct {
	release chan struct{} // nil lets calls through
	calls   atomic.Int32
}

func (d *blocker) block() {
	d.calls.Add(1)
	if release := d.release; release != nil {
		<-release
	}
}

// AV-10: a fetch that ignores its context is given up, and what it brings later is ignored.
func TestAFetchThatIgnoresItsContextIsGivenUp(t *testing.T) {
	tests := []struct {
		name string
		set  func(c *tokensource.Config, d *blocker)
	}{
		{"the transport", func(c *tokensource.Config, d *blocker) {
			next := c.Transport
			c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				d.block()
				return next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
			})
		}},
		{"the secret function", func(c *tokensource.Config, d *blocker) {
			c.ClientSecret = ""
			c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
				d.block()
				return "test", nil
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told events
				srv := coretest.New()
				c := config(srv)
				c.Renewed = told.add
				d := &blocker{release: make(chan struct{})}
				tt.set(&c, d)
				src := newSource(t, c)
				begun := time.Now()
				if _, err := src.Token(context.Background()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 5100*time.Millisecond {
					t.Errorf("the caller got %v after %v, want a deadline after 5.1 s", err, time.Since(begun))
				}
				synctest.Wait()
				if seen := told.take(); len(seen) != 1 || seen[0].Err == nil || seen[0].RetryIn < time.Second || seen[0].Duration != 5100*time.Millisecond {
					t.Errorf("told %+v, want the one failure with its backoff", seen)
				}
				begun = time.Now()
				if _, err := src.Token(t.Context()); err == nil || time.Since(begun) != 0 || d.calls.Load() != 1 {
					t.Errorf("in the backoff: %v after %v and %d calls, want the error at once", err, time.Since(begun), d.calls.Load())
				}
				release := d.release
				d.release = nil // what is asked anew is answered
				time.Sleep(1200 * time.Millisecond)
				tok := token(t, src)
				close(release)
				synctest.Wait()
				if again := token(t, src); again != tok {
					t.Error("the late fetch replaced the token of the one that came after it")
				}
				if seen := told.take(); len(seen) != 1 || seen[0].Err != nil {
					t.Errorf("told %+v, want the good fetch and nothing of the late one", seen)
				}
			})
		})
	}
}

// AV-10: a token that is still good is handed out while its renewal ignores its context, and its renewal is begun anew.
func TestAnAbandonedRenewalIsBegunAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		c := config(srv)
		d := &blocker{}
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			d.block()
			return srv.Transport().RoundTrip(r)
		})
		src := newSource(t, c)
		old := token(t, src)
		time.Sleep(intoWindow)
		d.release = make(chan struct{})
		if token(t, src) != old {
			t.Error("another token before the end of the first")
		}
		synctest.Wait()
		release := d.release
		d.release = nil
		time.Sleep(10 * time.Second)
		token(t, src)
		synctest.Wait()
		if token(t, src) == old {
			t.Error("the renewal was not begun anew")
		}
		close(release)
		synctest.Wait()
	})
}

// AV-10: what was given up and still runs is bounded.
func TestAbandonedFetchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &blocker{release: make(chan struct{})}
		src := tokensource.Func(func(context.Context) (tokensource.Token, error) {
			d.block()
			return tokensource.Token{AccessToken: "t"}, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		kept := make(chan error, 1)
		go func() { kept <- src.Keep(ctx) }() // must not spin
		for begun := time.Now(); time.Since(begun) < 10*time.Minute; time.Sleep(100 * time.Millisecond) {
			if _, err := src.Token(t.Context()); err == nil {
				t.Fatal("a token")
			}
		}
		if n := d.calls.Load(); n != 8 {
			t.Errorf("%d fetches run, want 8", n)
		}
		begun := time.Now()
		if _, err := src.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "8 fetches") || time.Since(begun) != 0 {
			t.Errorf("Token: %v after %v, want at once why none is begun", err, time.Since(begun))
		}
		d.release <- struct{}{} // one of them ends
		synctest.Wait()
		close(d.release)
		time.Sleep(2 * time.Second)
		if n := d.calls.Load(); n != 9 {
			t.Errorf("%d fetches in all, want one more", n)
		}
		token(t, src)
		cancel()
		<-kept
	})
}

// AV-10: the bound holds for renewals of a token that is still good, too.
func TestAbandonedRenewalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &blocker{}
		src := tokensource.Func(func(context.Context) (tokensource.Token, error) {
			d.block()
			return tokensource.Token{AccessToken: "t", ExpiresAt: time.Now().Add(time.Hour)}, nil
		})
		token(t, src)
		d.release = make(chan struct{})
		time.Sleep(56 * time.Minute)
		for begun := time.Now(); time.Since(begun) < 3*time.Minute; time.Sleep(100 * time.Millisecond) {
			token(t, src)
		}
		if n := d.calls.Load() - 1; n != 8 {
			t.Errorf("%d renewals run, want 8", n)
		}
		close(d.release)
		synctest.Wait()
		d.release = nil
		time.Sleep(2 * time.Second)
		token(t, src)
		synctest.Wait()
		if tok := token(t, src); time.Until(tok.ExpiresAt) < 50*time.Minute {
			t.Error("the token was not renewed when the fetches had ended")
		}
	})
}

// AV-11: a function of the program that panics costs what it was for and nothing else, and is told of once.
func TestPanicsAreContained(t *testing.T) {
	tests := []struct {
		name string
		set  func(c *tokensource.Config, panics *atomic.Bool)
		ok   bool // whether there is a token nevertheless
		line string
	}{
		{"Renewed", func(c *tokensource.Config, panics *atomic.Bool) {
			c.Renewed = func(tokensource.Renewal) {
				if panics.Load() {
					panic("canary")
				}
			}
		}, true, "function=Config.Renewed"},
		{"ClientSecretFunc", func(c *tokensource.Config, panics *atomic.Bool) {
			c.ClientSecret = ""
			c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
				if panics.Load() {
					panic("canary")
				}
				return "test", nil
			}
		}, false, "function=Config.ClientSecretFunc"},
		{"Transport", func(c *tokensource.Config, panics *atomic.Bool) {
			next := c.Transport
			c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				if panics.Load() {
					panic("canary")
				}
				return next.RoundTrip(r)
			})
		}, false, "function=Config.Transport"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				c := config(coretest.New())
				c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
				var panics atomic.Bool
				panics.Store(true)
				tt.set(&c, &panics)
				src := newSource(t, c)
				for range 3 {
					tok, err := src.Token(t.Context())
					if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), "panicked") {
						t.Errorf("Token = %v, %v", tok, err)
					}
					src.Invalidate(tok)
					time.Sleep(20 * time.Second)
				}
				synctest.Wait()
				if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, tt.line) || strings.Contains(got, "canary") {
					t.Errorf("the log is %q, want one line with %s", got, tt.line)
				}
				panics.Store(false)
				token(t, src)
			})
		})
	}
}

// AV-11
func TestPanicOfFunc(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := true
		src := tokensource.Func(func(context.Context) (tokensource.Token, error) {
			if panics {
				panic("canary")
			}
			return tokensource.Token{AccessToken: "t"}, nil
		})
		if _, err := src.Token(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("Token: %v, want an error without the panic's value", err)
		}
		panics = false
		time.Sleep(2 * time.Second)
		token(t, src)
	})
}

// panicking is a log handler that does.
type panicking struct{ slog.Handler }

func (panicking) Handle(context.Context, slog.Record) error { panic("canary") }

// AV-11: a log that panics loses its lines, and no token, lock or process.
func TestPanicOfTheLog(t *testing.T) {
	var other bytes.Buffer
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.NewTextHandler(&other, nil)))
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		c := config(srv)
		c.Logger = slog.New(panicking{slog.NewTextHandler(&other, &slog.HandlerOptions{Level: slog.LevelDebug})})
		c.Renewed = func(tokensource.Renewal) { panic("canary") }
		src := newSource(t, c)
		srv.Inject(coretest.Token, 2, coretest.Status(500))
		if tok, err := src.Token(t.Context()); err == nil {
			t.Errorf("Token = %v, want the failure", tok)
		}
		time.Sleep(5 * time.Second)
		src.Invalidate(token(t, src))
		token(t, src)
		synctest.Wait()
	})
	if got := other.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "function=Logger") {
		t.Errorf("slog.Default() got %q, want one line", got)
	}
}

// AV-11: AllowScope that panics allows nothing.
func TestPanicOfAllowScope(t *testing.T) {
	srv := coretest.New()
	srv.Protect("/messages", "messages.write")
	var log bytes.Buffer
	c := config(srv)
	c.Scope = ""
	c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
	transport := newSource(t, c).Transport(srv.Transport())
	transport.AllowScope = func(string) bool { panic("canary") }
	client := &http.Client{Transport: transport}
	get := func(want int) {
		t.Helper()
		res, err := client.Get(srv.BaseURL() + "/messages")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("status %d, want %d", res.StatusCode, want)
		}
	}
	get(http.StatusForbidden)
	get(http.StatusForbidden)
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "function=Transport.AllowScope") {
		t.Errorf("the log is %q, want one line", got)
	}
	transport.AllowScope = func(string) bool { return true }
	get(http.StatusOK)
}

// AV-14: an answer within Timeout is taken, however slow.
func TestASlowTokenEndpointIsHeard(t *testing.T) {
	for _, takes := range []time.Duration{3 * time.Second, 4500 * time.Millisecond} {
		t.Run(fmt.Sprint(takes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.Inject(coretest.Token, coretest.Always, coretest.Delay(takes))
				token(t, newSource(t, config(srv)))
				wantCalls(t, srv, 1)
			})
		})
	}
}

// A log that blocks holds up who waits for the fetch that it is told of for a while, and nobody else.
func TestALogThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		c := config(coretest.New())
		c.Logger = slog.New(handlerFunc(func(context.Context) { <-over }))
		src := newSource(t, c)
		begun := time.Now()
		if _, err := src.Token(context.Background()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 5200*time.Millisecond {
			t.Errorf("who waits got %v after %v, want a deadline after 5.2 s", err, time.Since(begun))
		}
		begun = time.Now()
		if token(t, src); time.Since(begun) != 0 {
			t.Errorf("the next caller waited %v", time.Since(begun))
		}
		close(over)
		synctest.Wait()
	})
}
