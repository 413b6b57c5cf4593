package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// IN-32, IN-33, MFP-07, MFP-08, CC-38, CC-40, A37, A80: when the server turns us down, we get one new token and ask once more, and then
// it is our trouble, not the client's.
func TestOurTokenIsTurnedDown(t *testing.T) {
	for _, status := range []int{401, 403} {
		for _, times := range []int{0, 1, coretest.Always} {
			t.Run(fmt.Sprintf("%d, %d times", status, times), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					v := mobileFirst(t, srv)
					authorize(t.Context(), v, bearer("warm"), core.Authenticated())
					want := coretest.Calls{Token: 2, Introspection: 3}
					wantOutcome := "ok"
					if times == coretest.Always {
						wantOutcome = "503"
					}
					srv.SetAnswer(t1, active)
					srv.Inject(coretest.Introspection, times, coretest.Status(status))
					_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
					if got := outcome(d); got != wantOutcome {
						t.Errorf("got %s, want %s", got, wantOutcome)
					}
					if got := srv.Calls(); got != want {
						t.Errorf("got %+v, want %+v", got, want)
					}
					if d == nil {
						return
					}
					e, ok := errors.AsType[*core.EndpointError](d.Cause)
					if !ok || e.Endpoint != "introspection" || e.Status != status || !errors.Is(d.Cause, core.ErrUnavailable) {
						t.Errorf("the cause is %v", d.Cause)
					}
				})
			})
		}
	}
}

// A key change of the server makes all tokens of ours void at once: a herd of requests gets one new one (CC-39).
func TestHerdRenewsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.MaxInFlight = 100 }) // room for the whole herd
		authorize(t.Context(), v, bearer("warm"), core.Authenticated())
		srv.Restart()
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(50*time.Millisecond))
		tokens := make([]string, 50)
		for i := range tokens {
			tokens[i] = srv.Mint(coretest.Grant{})
		}
		if n := concurrently(50, func(i int) bool {
			_, d := authorize(t.Context(), v, bearer(tokens[i]), core.Authenticated())
			return d == nil
		}); n != 50 {
			t.Errorf("%d requests passed, want 50", n)
		}
		if got, want := srv.Calls(), (coretest.Calls{Token: 2, Introspection: 1 + 2*50}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// CC-32: our token serves until shortly before its end. CC-25, A36: one that is not to be had is not asked for again and again.
func TestOurTokenIsReused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, withTTL(0, 0))
		for range 1000 {
			authorize(t.Context(), v, bearer(t1), core.Authenticated())
			time.Sleep(3 * time.Second)
		}
		if got := srv.Calls(); got.Token != 1 || got.Introspection != 1000 {
			t.Errorf("got %+v, want one token for 1000 calls", got)
		}
		srv.SetClient(coretest.Client{ID: "test", Secret: "changed", AllowedScope: "*"})
		before := srv.Calls()
		for range 29 {
			if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); outcome(d) != "503" {
				t.Errorf("got %s, want 503", outcome(d))
			}
			time.Sleep(time.Second)
		}
		// AV-12: again after 2, 4, 8 and 16 s at most
		if got := srv.Calls(); got.Token-before.Token < 4 || got.Token-before.Token > 5 || got.Introspection-before.Introspection > 20 {
			t.Errorf("%+v after %+v, want four or five attempts in half a minute, and the endpoint left alone after a few calls", got, before)
		}
	})
}

// MFP-22, CC-33: an hour's token is renewed ahead of its end, and no request waits for that.
func TestOurTokenIsRenewedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, withTTL(0, 0))
		srv.SetAnswer(t1, active)
		authorize(t.Context(), v, bearer(t1), core.Authenticated())
		srv.Inject(coretest.Token, coretest.Always, coretest.Delay(2*time.Second))
		for range 12 * 60 {
			time.Sleep(time.Minute)
			begun := time.Now()
			_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
			if waited := time.Since(begun); d != nil || waited != 0 {
				t.Errorf("got %s after %v", outcome(d), waited)
			}
		}
		time.Sleep(10 * time.Second) // a renewal may be under way
		if got := srv.Calls().Token; got < 12 || got > 15 {
			t.Errorf("%d tokens in 12 hours", got)
		}
	})
}

// The backoff of our own token reaches the client as Retry-After, and the cause says what to mend.
func TestOurCredentialsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv, func(c *core.Config) { c.ClientSecret = "wrong" })
		authorize(t.Context(), v, bearer(t1), core.Authenticated())
		time.Sleep(time.Second)
		_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
		if outcome(d) != "503" || !errors.Is(d.Cause, tokensource.ErrInvalidClient) {
			t.Fatalf("got %s because of %v", outcome(d), d.Cause)
		}
		if got := header(d, "Retry-After"); len(got) != 1 || got[0] != "1" { // AV-12
			t.Errorf("Retry-After is %q, want what is left of 2 seconds", got)
		}
		if got := srv.Calls(); got != (coretest.Calls{Token: 1}) {
			t.Errorf("got %+v, want one token request", got)
		}
	})
}

// A secret that cannot be had is our trouble, whatever the function that was to bring it says; it is asked again next time.
func TestSecretFuncFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		secret tokensource.Secret
		err    error
		want   string
	}{
		{"it fails", "", errors.New("vault is sealed"), "reading the client secret: vault is sealed"},
		{"it fails with a name that means something else to us", "", core.ErrInvalidToken, "reading the client secret: invalid token"},
		{"it fails like a conflict", "", fmt.Errorf("x: %w", core.ErrConflict), "reading the client secret: x: "},
		{"it returns nothing", "", nil, "the client secret is empty"},
		{"it returns a line break", "can\nary", nil, "the client secret contains a control character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAsker()
			a.set(t1, accepted("read"))
			fails := true
			v := rfc7662(t, a, func(c *core.Config) {
				c.ClientSecret = ""
				c.ClientSecretFunc = func(context.Context) (tokensource.Secret, error) {
					if fails {
						return tt.secret, tt.err
					}
					return "s3cret", nil
				}
			})
			for range 10 { // the endpoint is not to blame either
				_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
				if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), tt.want) || strings.Contains(d.Cause.Error(), "canary") {
					t.Fatalf("got %s because of %v", outcome(d), d.Cause)
				}
			}
			fails = false
			if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d != nil || len(a.asked) != 1 {
				t.Errorf("then got %s after %d calls", outcome(d), len(a.asked))
			}
		})
	}
}
