package core_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// panics is a handler that panics with each line.
type panics struct{ slog.Handler }

func (panics) Handle(context.Context, slog.Record) error { panic("the log's handler") }

// AV-11: a panic in a function of the program changes no decision, loses no slot, and is told once.
func TestHooksThatPanic(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*core.Config)
		told   string // "" if it is the log itself
	}{
		{"Trace.Looked", func(c *core.Config) { c.Trace.Looked = func(context.Context, core.LookedInfo) { panic("boom") } }, "Trace.Looked"},
		{"Trace.Introspected", func(c *core.Config) {
			c.Trace.Introspected = func(context.Context, core.IntrospectedInfo) { panic("boom") }
		}, "Trace.Introspected"},
		{"Trace.Decided", func(c *core.Config) {
			c.Trace.Decided = func(context.Context, core.DecidedInfo) { panic("boom") }
		}, "Trace.Decided"},
		{"all of Trace", func(c *core.Config) {
			c.Trace = core.Trace{
				Looked:       func(context.Context, core.LookedInfo) { panic("boom") },
				Introspected: func(context.Context, core.IntrospectedInfo) { panic("boom") },
				Decided:      func(context.Context, core.DecidedInfo) { panic("boom") },
			}
		}, "Trace."},
		{"the log's handler", func(c *core.Config) { c.Logger = slog.New(panics{slog.NewTextHandler(&bytes.Buffer{}, nil)}) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log buffer
				srv := coretest.New()
				v := mobileFirst(t, srv, withTTL(time.Second, 0), func(c *core.Config) {
					c.MaxInFlight = 1
					c.Logger = slog.New(slog.NewTextHandler(&log, nil))
					tt.change(c)
				})
				good, bad := srv.Mint(coretest.Grant{Scope: "a"}), "bad"
				for round := range 20 {
					if _, d := authorize(t.Context(), v, bearer(good), core.AllOf("a")); d != nil {
						t.Fatalf("round %d: got %s: %v", round, outcome(d), d.Cause)
					}
					if _, d := authorize(t.Context(), v, bearer(good), core.AllOf("b")); d == nil || d.Status != 403 {
						t.Fatalf("round %d: got %s, want 403", round, outcome(d))
					}
					if _, d := authorize(t.Context(), v, bearer(bad), core.AllOf("a")); outcome(d) != invalidToken {
						t.Fatalf("round %d: got %s", round, outcome(d))
					}
					always500(srv)
					if _, d := authorize(t.Context(), v, bearer("other"), core.AllOf("a")); outcome(d) != "503" {
						t.Fatalf("round %d: got %s", round, outcome(d))
					}
					clear(srv)
					time.Sleep(2 * time.Second)
				}
				if n := strings.Count(log.String(), "level=ERROR"); tt.told != "" && (n < 1 || n > 3 || !strings.Contains(log.String(), tt.told)) {
					t.Errorf("the log says\n%s", log.String())
				}
				if strings.Contains(log.String(), "boom") {
					t.Errorf("the log shows what the panic said:\n%s", log.String())
				}
			})
		})
	}
}

// AV-11, AV-01: a Transport or ClientSecretFunc that panics for some is our trouble, and stops no
// calls for others.
func TestCalleesThatPanic(t *testing.T) {
	for _, callee := range []string{"Transport", "ClientSecretFunc"} {
		t.Run(callee, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log buffer
				var mu sync.Mutex
				broken := false
				breaks := func() {
					mu.Lock()
					defer mu.Unlock()
					if broken {
						panic("boom")
					}
				}
				a := newAsker()
				v := rfc7662(t, roundTrip(func(r *http.Request) (*http.Response, error) {
					if callee == "Transport" {
						breaks()
					}
					return a.RoundTrip(r)
				}), func(c *core.Config) {
					c.MaxInFlight = 1
					c.Logger = slog.New(slog.NewTextHandler(&log, nil))
					c.ClientSecret = ""
					c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
						if callee == "ClientSecretFunc" {
							breaks()
						}
						return "s3cret", nil
					}
				})
				for i := range 20 {
					broken = true
					if _, d := authorize(t.Context(), v, bearer(fmt.Sprint("x", i)), core.Authenticated()); outcome(d) != "503" {
						t.Fatalf("got %s", outcome(d))
					}
				}
				broken = false
				a.set("good", accepted("read"))
				if _, d := authorize(t.Context(), v, bearer("good"), core.Authenticated()); d != nil {
					t.Errorf("then got %s: %v", outcome(d), d.Cause)
				}
				if n := strings.Count(log.String(), "level=ERROR"); n != 1 || strings.Contains(log.String(), "boom") {
					t.Errorf("%d errors in the log:\n%s", n, log.String())
				}
			})
		})
	}
}

// AV-10: a ClientSecretFunc that blocks once and for ever holds up its own call only.
func TestSecretFuncThatBlocksForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		calls := 0
		a := newAsker()
		a.set("good", accepted("read"))
		v := rfc7662(t, a, func(c *core.Config) {
			c.MaxInFlight, c.ClientSecret = 1, ""
			c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
				if calls++; calls == 1 {
					<-release
				}
				return "s3cret", nil
			}
		})
		begun := time.Now()
		if _, d := authorize(t.Context(), v, bearer("good"), core.Authenticated()); outcome(d) != "503" || time.Since(begun) > 5100*time.Millisecond {
			t.Errorf("got %s after %v", outcome(d), time.Since(begun))
		}
		synctest.Wait()
		if _, d := authorize(t.Context(), v, bearer("good"), core.Authenticated()); d != nil {
			t.Errorf("then got %s: %v", outcome(d), d.Cause)
		}
		close(release)
	})
}

// Strangers whose tokens are answered with an error fill no log: five lines, and then one a second.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log buffer
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		srv.Inject(coretest.Introspection, coretest.Always, forTokens("bad", 0, coretest.Status(404)))
		var hostile tally
		every(10*time.Millisecond, 20*time.Second, func(i int) { hostile.send(t, v, fmt.Sprint("bad", i), core.Authenticated()) })
		hostile.all.Wait()
		if n := strings.Count(log.String(), "introspection failed"); n < 20 || n > 26 {
			t.Errorf("%d lines in 20s", n)
		}
	})
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
