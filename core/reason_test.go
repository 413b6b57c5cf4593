package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// LG-05: each refusal has a reason of the closed list.
func TestReasons(t *testing.T) {
	now := time.Now().Unix()
	strict := core.RFC7662(core.RFC7662Config{
		IntrospectionURL: "https://as.invalid/introspect", Audience: []string{"us"}, Issuer: "https://as.invalid",
	})
	for _, tt := range []struct {
		name    string
		values  []string
		members string // of the active answer; "" means an inactive one
		want    core.Reason
	}{
		{"no credentials", nil, "", core.ReasonNoToken},
		{"another scheme", []string{"Basic dTpw"}, "", core.ReasonNoToken},
		{"a malformed token", []string{"Bearer a b"}, "", core.ReasonMalformed},
		{"two fields", []string{"Bearer a", "Bearer b"}, "", core.ReasonAmbiguous},
		{"an inactive token", bearer(t1), "", core.ReasonInactive},
		{"an expired token", bearer(t1), `"exp":1`, core.ReasonExpired},
		{"a token that begins tomorrow", bearer(t1), fmt.Sprintf(`"nbf":%d`, now+86400), core.ReasonNotYetValid},
		{"a token of tomorrow", bearer(t1), fmt.Sprintf(`"iat":%d`, now+86400), core.ReasonIssuedInFuture},
		{"a token of another issuer", bearer(t1), `"iss":"https://other.invalid"`, core.ReasonIssuer},
		{"a token for another service", bearer(t1), `"iss":"https://as.invalid","aud":"them"`, core.ReasonAudience},
		{"a token of another type", bearer(t1), `"token_type":"mac"`, core.ReasonTokenType},
		{"a refresh token", bearer(t1), `"token_use":"refresh_token"`, core.ReasonUse},
		{"a bound token", bearer(t1), `"cnf":{"jkt":"x"}`, core.ReasonBound},
		{"a token that lacks scope", bearer(t1), `"iss":"https://as.invalid","aud":"us","scope":"read"`, core.ReasonScope},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAsker()
			if tt.members != "" {
				a.set(t1, `{"active":true,`+tt.members+`}`)
			}
			v := rfc7662(t, a, withProfile(strict))
			_, d := authorize(t.Context(), v, tt.values, core.AllOf("admin"))
			if d == nil || d.Reason != tt.want {
				t.Errorf("got %+v, want %s", d, tt.want)
			}
		})
	}
}

// LG-05: our trouble and the server's have reasons, too, and a client that hung up is neither.
func TestReasonsOfTrouble(t *testing.T) {
	for _, tt := range []struct {
		name string
		prep func(*coretest.Server)
		want core.Reason
	}{
		{"a conflict", func(s *coretest.Server) { s.Conflict(1) }, core.ReasonConflict},
		{"the server is down", (*coretest.Server).Down, core.ReasonUnavailable},
		{"it answers a page", func(s *coretest.Server) { s.Inject(coretest.Introspection, coretest.Always, coretest.HTML(200)) }, core.ReasonUnavailable},
		{"it refuses our client", func(s *coretest.Server) { s.DeleteClient("test") }, core.ReasonClientRejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				v := mobileFirst(t, srv)
				tt.prep(srv)
				_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
				if d == nil || d.Reason != tt.want {
					t.Errorf("got %+v, want %s", d, tt.want)
				}
			})
		})
	}
}

func TestReasonsOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = 1 })
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Hang())
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan *core.Denial)
		go func() {
			_, d := authorize(ctx, v, bearer("t1"), core.Authenticated())
			gone <- d
		}()
		synctest.Wait()
		_, d := authorize(t.Context(), v, bearer("t2"), core.Authenticated())
		if d.Reason != core.ReasonOverloaded || d.Status != 503 {
			t.Errorf("a wait in vain: got %+v", d)
		}
		cancel()
		if d := <-gone; d.Reason != core.ReasonCanceled {
			t.Errorf("a client that hung up: got %+v", d)
		}
		time.Sleep(10 * time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Down()
		var last core.Reason
		for i := range 30 {
			time.Sleep(100 * time.Millisecond)
			_, d := authorize(t.Context(), v, bearer(fmt.Sprint(i)), core.Authenticated())
			last = d.Reason
		}
		if last != core.ReasonCircuitOpen {
			t.Errorf("during an outage: got %s", last)
		}
	})
}

// LG-04: who lacked which scope stands in the cause, and in one Debug line.
func TestInsufficientScopeTellsAll(t *testing.T) {
	srv := coretest.New()
	var log bytes.Buffer
	v := mobileFirst(t, srv, func(c *core.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	srv.SetAnswer(t1, `{"active":true,"client_id":"app-7","username":"alice","scope":"read write"}`)
	_, d := authorize(t.Context(), v, bearer(t1), core.AllOf("admin", "pay"))
	e, ok := errors.AsType[*core.ScopeError](d.Cause)
	if !ok || *e != (core.ScopeError{ClientID: "app-7", Required: "admin pay", Granted: "read write"}) || !errors.Is(d.Cause, core.ErrInsufficientScope) {
		t.Errorf("the cause is %#v", d.Cause)
	}
	for _, want := range []string{"level=DEBUG", "app-7", "admin pay", "read write", "reason=insufficient_scope"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "alice") {
		t.Errorf("the log has personal data:\n%s", log.String())
	}
}

// LG-03: a refusal that looks like a mistake in the configuration is a warning once a minute.
func TestSuspiciousRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, members    string
		expected, seen   string
		suspectedMistake bool
	}{
		{"audience", `"aud":["them","https://other.invalid"],"iss":"https://as.invalid"`, `aud is one of us`, `aud them https://other.invalid`, true},
		{"issuer", `"iss":"https://other.invalid"`, `iss https://as.invalid`, `iss https://other.invalid`, true},
		{"token type", `"token_type":"mac"`, `token_type Bearer`, `mac`, true},
		{"binding", `"cnf":{"jkt":"x"}`, `without cnf`, `cnf is there`, true},
		{"a clock, nbf", `"nbf":4102444800`, `on our clock`, `nbf 2100-01-01T00:00:00Z`, true},
		{"a clock, iat", `"iat":4102444800`, `on our clock`, `iat 2100-01-01T00:00:00Z`, true},
		{"an expired token is usual", `"exp":1`, "", "", false},
		{"a refresh token is the client's mistake", `"token_use":"refresh_token"`, "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker()
				a.set(t1, `{"active":true,"client_id":"app-7","username":"alice","sub":"alice-id",`+tt.members+`}`)
				var log bytes.Buffer
				v := rfc7662(t, a, withProfile(core.RFC7662(core.RFC7662Config{
					IntrospectionURL: "https://as.invalid/introspect", Audience: []string{"us"}, Issuer: "https://as.invalid",
				})), func(c *core.Config) {
					c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo}))
				})
				for range 119 { // a request a second
					authorize(t.Context(), v, bearer(t1), core.Authenticated())
					time.Sleep(time.Second)
				}
				lines, want := strings.Count(log.String(), "\n"), 0
				if tt.suspectedMistake {
					want = 2
				}
				if lines != want {
					t.Errorf("%d lines in two minutes, want %d:\n%s", lines, want, log.String())
				}
				if want > 0 && (!strings.Contains(log.String(), tt.expected) || !strings.Contains(log.String(), tt.seen)) {
					t.Errorf("the line lacks %q or %q:\n%s", tt.expected, tt.seen, log.String())
				}
				if strings.Contains(log.String(), "alice") || strings.Contains(log.String(), t1) {
					t.Errorf("the log has personal data:\n%s", log.String())
				}
			})
		})
	}
}
