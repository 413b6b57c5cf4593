package core_test

import (
	"net/http"
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
