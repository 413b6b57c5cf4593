package core_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// IN-85, A19: a forgotten token is asked about again, whatever its answer was.
func TestForget(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	tok := srv.Mint(coretest.Grant{})
	v.ForgetToken(tok)
	v.ForgetToken("")
	try := func(want string, calls int) {
		t.Helper()
		_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
		if got := srv.Calls().Introspection; outcome(d) != want || got != calls {
			t.Errorf("got %s after %d calls, want %s after %d", outcome(d), got, want, calls)
		}
	}
	try("ok", 1)
	srv.Revoke(tok)
	try("ok", 1)
	v.ForgetToken(tok)
	try(invalidToken, 2)
	srv.SetAnswer(tok, active)
	try(invalidToken, 2)
	v.ForgetToken(tok)
	try("ok", 3)
}

// IN-86: what a call that was under way brings is delivered, but not remembered.
func TestForgetBeatsACallUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, 1, coretest.Delay(time.Second))
		done := make(chan string)
		go func() {
			_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
			done <- outcome(d)
		}()
		synctest.Wait()
		v.ForgetToken(tok)
		if got := <-done; got != "ok" {
			t.Errorf("the request under way got %s", got)
		}
		authorize(t.Context(), v, bearer(tok), core.Authenticated())
		if got := srv.Calls().Introspection; got != 2 {
			t.Errorf("%d calls, want 2", got)
		}
	})
}

// A request with MaxAge(0) does not take the answer to a question that was put before it came, and its own answer is the one that
// stays, even if the older question is answered later.
func TestFreshRequestPassesACallUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r) // answered as it was then
			w.(interface{ Flush() }).Flush()
			time.Sleep(2 * time.Second)
		})
		go authorize(t.Context(), v, bearer(tok), core.Authenticated())
		time.Sleep(time.Second)
		srv.Revoke(tok)
		if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated().MaxAge(0)); outcome(d) != invalidToken {
			t.Errorf("the fresh request got %s", outcome(d))
		}
		time.Sleep(2 * time.Second) // the old answer has landed
		if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); outcome(d) != invalidToken {
			t.Errorf("then got %s", outcome(d))
		}
		if got := srv.Calls().Introspection; got != 2 {
			t.Errorf("%d calls, want 2", got)
		}
	})
}

// MW-09: a handler forgets by what it has: the Principal, the token, the field's value.
func TestForgetByWhatAHandlerHas(t *testing.T) {
	const token = "abc-123"
	for name, forget := range map[string]func(v *core.Verifier, p core.Principal) error{
		"the Principal":                 func(v *core.Verifier, p core.Principal) error { return v.Forget(p) },
		"the token":                     func(v *core.Verifier, _ core.Principal) error { return v.ForgetToken(token) },
		"the field's value":             func(v *core.Verifier, _ core.Principal) error { return v.ForgetToken("Bearer " + token) },
		"the value in lower case":       func(v *core.Verifier, _ core.Principal) error { return v.ForgetToken("bearer " + token) },
		"the value with blanks around":  func(v *core.Verifier, _ core.Principal) error { return v.ForgetToken(" \tBearer   " + token + " ") },
		"the token with a line's blank": func(v *core.Verifier, _ core.Principal) error { return v.ForgetToken(token + " ") },
	} {
		srv := coretest.New()
		srv.SetAnswer(token, active)
		v := mobileFirst(t, srv)
		p, d := authorize(t.Context(), v, bearer(token), core.Authenticated())
		if d != nil {
			t.Fatal(d.Cause)
		}
		srv.SetAnswer(token, `{"active":false}`)
		if err := forget(v, p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, d := authorize(t.Context(), v, bearer(token), core.Authenticated()); d == nil {
			t.Errorf("%s: the token is still remembered", name)
		}
	}
}

// MW-09: what cannot be read is an error, and forgets nothing.
func TestForgetOfTheUnreadable(t *testing.T) {
	srv := coretest.New()
	srv.SetAnswer(t1, active)
	v, other := mobileFirst(t, srv), mobileFirst(t, srv)
	foreign, _ := authorize(t.Context(), other, bearer(t1), core.Authenticated())
	authorize(t.Context(), v, bearer(t1), core.Authenticated())
	calls := srv.Calls().Introspection
	for name, err := range map[string]error{
		"nothing":                         v.ForgetToken(""),
		"the scheme alone":                v.ForgetToken("Bearer"),
		"the scheme and blanks":           v.ForgetToken("Bearer  "),
		"another scheme":                  v.ForgetToken("Basic " + t1),
		"two tokens":                      v.ForgetToken("Bearer " + t1 + " " + t1),
		"a joined value":                  v.ForgetToken("Bearer " + t1 + ", Bearer x"),
		"a token that is too long":        v.ForgetToken(strings.Repeat("a", 9000)),
		"the zero Principal":              v.Forget(core.Principal{}),
		"a Principal of another Verifier": v.Forget(foreign),
	} {
		if err == nil || strings.Contains(err.Error(), t1) {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
	if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d != nil || srv.Calls().Introspection != calls {
		t.Errorf("something was forgotten: %v after %d calls", d, srv.Calls().Introspection-calls)
	}
}
