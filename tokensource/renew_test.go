package tokensource_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// AV-01: Renew fetches one other token for all who ask, while everybody else goes on with the refused one.
func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		src := tokensource.Func(func(context.Context) (tokensource.Token, error) {
			fetches++
			time.Sleep(time.Second)
			return tokensource.Token{AccessToken: tokensource.Secret(fmt.Sprint("t", fetches)), ExpiresAt: time.Now().Add(time.Hour)}, nil
		})
		first, err := src.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				got, err := src.Renew(t.Context(), first)
				if err != nil || got.AccessToken != "t2" {
					t.Errorf("Renew = %q, %v, want t2", string(got.AccessToken), err)
				}
			})
		}
		time.Sleep(500 * time.Millisecond)
		if got, err := src.Token(t.Context()); err != nil || got.AccessToken != "t1" {
			t.Errorf("Token = %q, %v meanwhile, want the old one", string(got.AccessToken), err)
		}
		all.Wait()
		if got, _ := src.Renew(t.Context(), first); got.AccessToken != "t2" || fetches != 2 {
			t.Errorf("a late Renew = %q after %d fetches, want t2 after 2", string(got.AccessToken), fetches)
		}
	})
}

// Renew that fails leaves the token that there is, and is backed off; too many give the refused one back.
func TestRenewFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trouble, fetches := errors.New("trouble"), 0
		var fail bool
		src := tokensource.Func(func(context.Context) (tokensource.Token, error) {
			fetches++
			if fail {
				return tokensource.Token{}, trouble
			}
			return tokensource.Token{AccessToken: tokensource.Secret(fmt.Sprint("t", fetches)), ExpiresAt: time.Now().Add(time.Hour)}, nil
		})
		first, _ := src.Token(t.Context())
		fail = true
		for range 5 {
			if _, err := src.Renew(t.Context(), first); !errors.Is(err, trouble) {
				t.Errorf("Renew: %v", err)
			}
			if got, err := src.Token(t.Context()); err != nil || got.AccessToken != "t1" {
				t.Errorf("Token = %q, %v", string(got.AccessToken), err)
			}
		}
		if fetches != 2 {
			t.Errorf("%d fetches, want one that failed and a backoff", fetches)
		}
		fail = false
		time.Sleep(time.Minute)
		used := first
		for range 20 {
			used, _ = src.Renew(t.Context(), used)
		}
		if fetches < 6 || fetches > 8 {
			t.Errorf("%d fetches for 20 refusals at once, want a few", fetches)
		}
		if again, err := src.Renew(t.Context(), used); err != nil || again.AccessToken != used.AccessToken {
			t.Errorf("Renew = %q, %v, want the refused one back", string(again.AccessToken), err)
		}
	})
}
