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

// MW-08: without a guard there is no caller, not even a zero one.
func TestMustFromContext(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	p, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{ClientID: "c7"})), core.Authenticated())
	if d != nil {
		t.Fatal(d.Cause)
	}
	if got := core.MustFromContext(core.NewContext(t.Context(), p)).ClientID(); got != "c7" {
		t.Errorf("got the client %q", got)
	}
	for name, ctx := range map[string]context.Context{
		"no guard":             t.Context(),
		"an anonymous request": core.NewContext(t.Context(), core.Principal{}),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, "no guard") {
					t.Errorf("got the panic %s", got)
				}
			}()
			t.Errorf("got %v", core.MustFromContext(ctx))
		})
	}
}

// A context with a Principal is a context: values, deadline and end are those of the one below.
func TestPrincipalContext(t *testing.T) {
	type key struct{}
	below, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
	ctx := core.NewContext(below, core.Principal{})
	child, stop := context.WithTimeout(ctx, time.Hour)
	defer stop()
	if ctx.Value(key{}) != "v" || child.Value(key{}) != "v" {
		t.Error("a value is lost")
	}
	cancel()
	<-child.Done()
	if !errors.Is(child.Err(), context.Canceled) {
		t.Errorf("got %v", child.Err())
	}
	if got := fmt.Sprintf("%v %+v", ctx, ctx); strings.Contains(got, "Principal{") {
		t.Errorf("the context prints as %s", got)
	}
}

// MW-05: two guards on one request ask once: what the outer one has asked is fresh for the inner one.
func TestTwoGuardsAskOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		ttl          time.Duration
		outer, inner core.Requirement
	}{
		"both ask each time":    {time.Minute, core.Authenticated().MaxAge(0), core.AllOf("read").MaxAge(0)},
		"nothing is remembered": {0, core.Authenticated(), core.AllOf("read")},
		"the inner one asks each time, and the outer one had to ask": {time.Minute, core.Authenticated(), core.AllOf("read").MaxAge(0)},
	} {
		t.Run(name, func(t *testing.T) {
			srv := coretest.New()
			srv.SetAnswer(t1, active)
			srv.SetAnswer("t2", `{"active":true,"client_id":"c2","scope":"read"}`)
			v := mobileFirst(t, srv, withTTL(tt.ttl, 0))
			p, d := authorize(t.Context(), v, bearer(t1), tt.outer)
			if d != nil {
				t.Fatal(d.Cause)
			}
			inner := core.NewContext(t.Context(), p)
			if q, d := authorize(inner, v, bearer(t1), tt.inner); d != nil || q.ClientID() != p.ClientID() || srv.Calls().Introspection != 1 {
				t.Errorf("got %v for %v after %d calls, want one", d, q, srv.Calls().Introspection)
			}
			if _, d := authorize(inner, v, bearer(t1), core.AllOf("admin").MaxAge(0)); outcome(d)[:3] != "403" {
				t.Errorf("a scope that the token lacks: got %s", outcome(d))
			}
			// Another token, another Verifier, or another request is another question.
			if q, _ := authorize(inner, v, bearer("t2"), tt.inner); q.ClientID() != "c2" {
				t.Errorf("another token: got %v", q)
			}
			calls := srv.Calls().Introspection
			other := mobileFirst(t, srv, withTTL(0, 0))
			authorize(inner, other, bearer(t1), tt.inner)
			authorize(t.Context(), v, bearer(t1), core.Authenticated().MaxAge(0))
			if got := srv.Calls().Introspection - calls; got != 2 {
				t.Errorf("%d calls of another Verifier and another request, want 2", got)
			}
		})
	}
}

// MW-05: an answer that was remembered before the request came is not fresh enough.
func TestARememberedAnswerIsNotFresh(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, active)
	v := mobileFirst(t, srv)
	authorize(t.Context(), v, bearer(t1), core.Authenticated())
	p, _ := authorize(t.Context(), v, bearer(t1), core.Authenticated())
	authorize(core.NewContext(t.Context(), p), v, bearer(t1), core.Authenticated().MaxAge(0))
	if got := srv.Calls().Introspection; got != 2 {
		t.Errorf("%d calls, want 2", got)
	}
}

// MW-05: an answer to a question that was sent before the request came is not fresh enough either.
func TestAJoinedAnswerIsNotFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.SetAnswer(t1, active)
		v := mobileFirst(t, srv)
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		go authorize(t.Context(), v, bearer(t1), core.Authenticated())
		time.Sleep(time.Second / 2)
		p, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()) // joins
		if d != nil || srv.Calls().Introspection != 2 {
			t.Fatalf("got %v after %+v", d, srv.Calls())
		}
		authorize(core.NewContext(t.Context(), p), v, bearer(t1), core.Authenticated().MaxAge(0))
		if got := srv.Calls().Introspection; got != 3 {
			t.Errorf("%d calls, want one more for the inner guard", got)
		}
	})
}

// MW-05: what was asked for a request is fresh for a moment only, however long the context lives, and
// not beyond a Forget.
func TestAnAskedAnswerDoesNotStayFresh(t *testing.T) {
	for name, tt := range map[string]struct {
		wait   time.Duration
		forget bool
	}{"after a while": {6 * time.Second, false}, "after Forget": {0, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				srv.SetAnswer(t1, active)
				v := mobileFirst(t, srv, withTTL(0, 0))
				p, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
				if d != nil {
					t.Fatal(d.Cause)
				}
				stream := core.NewContext(t.Context(), p)
				if _, d := authorize(stream, v, bearer(t1), core.Authenticated().MaxAge(0)); d != nil || srv.Calls().Introspection != 1 {
					t.Fatalf("at once: got %v after %d calls", d, srv.Calls().Introspection)
				}
				srv.SetAnswer(t1, `{"active":false}`)
				time.Sleep(tt.wait)
				if tt.forget {
					if err := v.Forget(p); err != nil {
						t.Fatal(err)
					}
				}
				for _, need := range []core.Requirement{core.Authenticated(), core.Authenticated().MaxAge(0)} {
					if _, d := authorize(stream, v, bearer(t1), need); d == nil || d.Status != 401 {
						t.Errorf("a revoked token: got %+v, want 401", d)
					}
				}
			})
		})
	}
}

// MW-10: the context of a stream ends with its token, if the route asks for that.
func TestUntilExpiry(t *testing.T) {
	for name, tt := range map[string]struct {
		members string
		need    core.Requirement
		want    time.Duration // until the context ends; 0 for never
	}{
		"asked for":               {`"exp":%d`, core.Authenticated().UntilExpiry(), 10 * time.Minute},
		"not asked for":           {`"exp":%d`, core.Authenticated(), 0},
		"a token without an end":  {`"x":%d`, core.Authenticated().UntilExpiry(), 0},
		"a route without a token": {"", core.Authenticated().Optional().UntilExpiry(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker()
				var values []string
				if tt.members != "" {
					a.set(t1, `{"active":true,`+fmt.Sprintf(tt.members, time.Now().Add(10*time.Minute).Unix())+`}`)
					values = bearer(t1)
				}
				g, err := rfc7662(t, a).Guard(tt.need)
				if err != nil {
					t.Fatal(err)
				}
				p, d := g.Authorize(t.Context(), core.Request{Authorization: values})
				if d != nil {
					t.Fatal(d.Cause)
				}
				ctx, end := g.Context(t.Context(), p)
				begun := time.Now()
				select {
				case <-ctx.Done():
				case <-time.After(time.Hour):
				}
				if tt.want == 0 {
					tt.want = time.Hour
				} else if cause := context.Cause(ctx); !errors.Is(cause, core.ErrInvalidToken) {
					t.Errorf("the cause is %v", cause)
				}
				if took := time.Since(begun); took != tt.want {
					t.Errorf("it took %v, want %v", took, tt.want)
				}
				end()
			})
		})
	}
}

// MW-06: a call that outlives its request does not read the values of the request's context.
func TestValuesEndWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		seen := make(chan any, 9)
		v := mobileFirst(t, srv, func(c *core.Config) {
			c.Trace.Introspected = func(ctx context.Context, _ core.IntrospectedInfo) { seen <- ctx.Value(valueKey{}) }
		})
		authorize(context.WithValue(t.Context(), valueKey{}, "kept"), v, bearer("warm"), core.Authenticated())
		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), valueKey{}, "gone"), time.Millisecond)
		defer cancel()
		authorize(ctx, v, bearer(t1), core.Authenticated())
		time.Sleep(2 * time.Second)
		if first, second := <-seen, <-seen; first != "kept" || second != nil {
			t.Errorf("the calls saw %v and %v, want the first value and none", first, second)
		}
	})
}

type valueKey struct{}

// Nothing that a program may print shows a token, or the key of one.
func TestNothingPrintsTokensOrKeys(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer("canary-token", active)
	v := mobileFirst(t, srv)
	request := core.Request{Authorization: bearer("canary-token")}
	p, _ := authorize(t.Context(), v, request.Authorization, core.Authenticated())
	ctx := core.NewContext(t.Context(), p)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "request", request, "principal", p, "context", ctx)
	held := struct{ p core.Principal }{p}
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %d", request, request, request, request, request, request), log.String(),
		fmt.Sprintf("%v %+v %#v", ctx, ctx, struct{ r core.Request }{}),
		fmt.Sprintf("%v %+v %#v %v %+v %#v", p, p, p, held, held, held),
	} {
		if strings.Contains(text, "canary-token") || strings.Contains(text, "Key:") || strings.Contains(text, "key:") || strings.Contains(text, "scope") {
			t.Errorf("it prints %s", text)
		}
	}
}
