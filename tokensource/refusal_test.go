package tokensource_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// vault holds a secret and counts how often it is read.
type vault struct {
	mu     sync.Mutex
	secret tokensource.Secret
	err    error
	takes  time.Duration
	reads  int
}

func (v *vault) read(context.Context) (tokensource.Secret, error) {
	v.mu.Lock()
	secret, err, takes := v.secret, v.err, v.takes
	v.reads++
	v.mu.Unlock()
	time.Sleep(takes)
	if err != nil {
		return "", err
	}
	return secret, nil
}

func (v *vault) set(change func(v *vault)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(v)
}

// take returns the number of reads since the last call.
func (v *vault) take() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := v.reads
	v.reads = 0
	return n
}

// withVault is a config whose secret is in v.
func withVault(srv *coretest.Server, v *vault) tokensource.Config {
	c := config(srv)
	c.ClientSecret, c.ClientSecretFunc = "", v.read
	return c
}

// Each attempt of a fetch sends the secret as it is then.
func TestARepetitionReadsTheSecretAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{secret: "old"}
		srv := coretest.New()
		srv.SetClient(coretest.Client{ID: "test", Secret: "new", AllowedScope: "*"})
		unavailable := coretest.Status(503)
		srv.Inject(coretest.Token, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			v.set(func(v *vault) { v.secret = "new" })
			unavailable(w, r, next)
		})
		token(t, newSource(t, withVault(srv, v)))
		if n := v.take(); n != 2 {
			t.Errorf("the secret was read %d times, want once for each of two attempts", n)
		}
		wantCalls(t, srv, 2)
	})
}

// AV-12: refused credentials are tried again within 2 s the first time, and ever more seldom.
func TestRefusedCredentialsAreTriedAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Token, coretest.Always, coretest.Status(403))
		src := newSource(t, config(srv))
		most := 2 * time.Second
		for range 12 {
			_, err := src.Token(t.Context())
			if !refusal(err) {
				t.Fatalf("Token: %v, want the refusal", err)
			}
			_, again := src.Token(t.Context())
			e, _ := errors.AsType[*tokensource.EndpointError](again)
			if e == nil || e.RetryAfter < most*8/10 || e.RetryAfter > most {
				t.Fatalf("in the backoff: %v with RetryAfter %v, want up to %v", again, e.RetryAfter, most)
			}
			time.Sleep(e.RetryAfter)
			most = min(2*most, 5*time.Minute)
		}
		srv.Clear(coretest.Token)
		token(t, src)
		src.Invalidate(token(t, src))
		srv.Inject(coretest.Token, 1, coretest.Status(403))
		_, _ = src.Token(t.Context())
		time.Sleep(2 * time.Second) // it begins again with 2 s
		token(t, src)
	})
}

// AV-12: a refusal in the middle of an outage is the first one.
func TestARefusalAfterAnOutageIsTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Token, coretest.Always, coretest.Status(501))
		src := newSource(t, config(srv))
		for range 10 {
			_, _ = src.Token(t.Context())
			time.Sleep(12 * time.Second)
		}
		srv.Clear(coretest.Token)
		srv.Inject(coretest.Token, 1, coretest.Status(403))
		if _, err := src.Token(t.Context()); !refusal(err) {
			t.Fatalf("Token: %v, want the refusal", err)
		}
		time.Sleep(2 * time.Second)
		token(t, src)
	})
}

// AV-12: a secret that has changed since it was refused is used by the next caller.
func TestAChangedSecretIsUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := &vault{secret: "old"}
		src := newSource(t, withVault(srv, v))
		for range 5 { // far into the backoff
			if _, err := src.Token(t.Context()); !refusal(err) {
				t.Fatalf("Token: %v, want the refusal", err)
			}
			time.Sleep(40 * time.Second)
		}
		if _, err := src.Token(t.Context()); !refusal(err) {
			t.Fatalf("Token: %v, want the refusal", err)
		}
		time.Sleep(time.Second)
		before := srv.Calls().Token
		_, err := src.Token(t.Context())
		e, _ := errors.AsType[*tokensource.EndpointError](err)
		if e == nil || e.RetryAfter < 20*time.Second {
			t.Fatalf("Token: %v, want the remembered refusal with what is left", err)
		}
		wantCalls(t, srv, before)
		v.set(func(v *vault) { v.secret = "test" })
		time.Sleep(250 * time.Millisecond)
		token(t, src)
		wantCalls(t, srv, before+1)
	})
}

// AV-12: the secret is looked at by one caller at a time, four times a second at most, and not at all otherwise.
func TestTheSecretIsNotLookedAtTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Token, coretest.Always, coretest.Status(403, "Retry-After", "60"))
		v := &vault{secret: "old", takes: 10 * time.Millisecond}
		src := newSource(t, withVault(srv, v))
		_, _ = src.Token(t.Context())
		v.take()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
					if _, err := src.Token(t.Context()); !refusal(err) {
						t.Errorf("Token: %v, want the remembered refusal", err)
					}
				}
			})
		}
		all.Wait()
		if n := v.take(); n < 30 || n > 41 {
			t.Errorf("the secret was read %d times in 10 s, want about four a second", n)
		}
		wantCalls(t, srv, 1)
		time.Sleep(30 * time.Second)
		if n := v.take(); n != 0 {
			t.Errorf("the secret was read %d times while nobody asked", n)
		}
	})
}

// AV-12: only a refusal of the secret makes the Source look at it.
func TestTheSecretIsNotLookedAtInOtherTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := &vault{secret: "test"}
		src := newSource(t, withVault(srv, v))
		srv.Inject(coretest.Token, 1, coretest.Status(429, "Retry-After", "30"))
		_, _ = src.Token(t.Context())
		v.take()
		v.set(func(v *vault) { v.secret = "another" })
		for range 10 {
			time.Sleep(time.Second)
			_, _ = src.Token(t.Context())
		}
		if n := v.take(); n != 0 {
			t.Errorf("the secret was read %d times while the server was busy, want 0", n)
		}
		wantCalls(t, srv, 1)
	})
}

// AV-12: a look that fails changes nothing, and a new secret that is refused as well is a further refusal.
func TestALookThatBringsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		srv := coretest.New()
		v := &vault{secret: "old"}
		c := withVault(srv, v)
		c.Renewed = told.add
		src := newSource(t, c)
		_, _ = src.Token(t.Context())
		v.set(func(v *vault) { v.err = errors.New("sealed") })
		if _, err := src.Token(t.Context()); !refusal(err) {
			t.Errorf("with a vault that is sealed: %v, want the refusal", err)
		}
		time.Sleep(300 * time.Millisecond)
		v.set(func(v *vault) { v.err, v.takes = nil, time.Hour })
		begun := time.Now()
		if _, err := src.Token(t.Context()); !refusal(err) || time.Since(begun) != 5100*time.Millisecond {
			t.Errorf("with a vault that does not answer: %v after %v, want the refusal after 5.1 s", err, time.Since(begun))
		}
		wantCalls(t, srv, 1)
		if n := len(told.take()); n != 1 {
			t.Errorf("told of %d fetches, want of the first alone", n)
		}
		v.set(func(v *vault) { v.takes, v.secret = 0, "new, but wrong" })
		time.Sleep(300 * time.Millisecond)
		_, err := src.Token(t.Context())
		wantCalls(t, srv, 2)
		if e, _ := errors.AsType[*tokensource.EndpointError](err); e == nil || e.Status != 400 && e.Status != 401 {
			t.Errorf("Token: %v, want the second refusal", err)
		}
		if seen := told.take(); len(seen) != 1 || seen[0].RetryIn < 3*time.Second {
			t.Errorf("told %+v, want the second refusal with a longer backoff", seen)
		}
		time.Sleep(time.Hour)
	})
}

// AV-12: a secret that is no function's cannot change, so nothing is looked at.
func TestAFixedSecretIsBackedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int32
		srv := coretest.New()
		c := config(srv)
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			requests.Add(1)
			return srv.Transport().RoundTrip(r)
		})
		c.ClientSecret = "wrong"
		src := newSource(t, c)
		for range 15 {
			_, _ = src.Token(t.Context())
			time.Sleep(100 * time.Millisecond)
		}
		if n := requests.Load(); n != 1 {
			t.Errorf("%d requests in 1.5 s, want 1", n)
		}
	})
}

// refusal says that err is the server's refusal of our credentials.
func refusal(err error) bool {
	e, ok := errors.AsType[*tokensource.EndpointError](err)
	return ok && e.Status >= 400 && e.Status < 500
}
