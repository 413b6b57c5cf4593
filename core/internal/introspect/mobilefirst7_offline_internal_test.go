package introspect

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/roundtrip"
	"github.com/mfpguard/mfpguard/tokensource"
)

// project is a project of MobileFirst 7.x with a public key.
type project struct {
	*signer
	server *httptest.Server
	reads  atomic.Int64 // of the key
	down   atomic.Bool
}

func newProject(t testing.TB) *project {
	p := &project{signer: newSigner(t)}
	p.kid = "" // its key has none
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.reads.Add(1)
		if p.down.Load() || r.URL.Path != "/mfp/authorization/v1/publickey" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, p.document(t))
	}))
	t.Cleanup(p.server.Close)
	return p
}

// document is the public key.
func (p *project) document(t testing.TB) string {
	public := p.key.Public().(*rsa.PublicKey)
	text, err := json.Marshal(map[string]string{ // B11
		"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	})
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func (p *project) offline(t testing.TB, anyIDToken bool) *Offline {
	t.Helper()
	s, err := NewMobileFirst7(p.server.URL+"/mfp", true, false)
	if err != nil {
		t.Fatal(err)
	}
	return NewOffline(s, anyIDToken, Config{Transport: http.DefaultTransport, Timeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler)})
}

// access is an access token with claims changed; a nil claim is left out.
func (p *project) access(t testing.TB, change map[string]any) string {
	return p.token(t, map[string]any{"prn": "c1", "imf.scope": realmsUntil(time.Hour, false)}, change)
}

func (p *project) id(t testing.TB, change map[string]any) string {
	return p.token(t, map[string]any{"imf.user": map[string]any{"id": "alice", "authBy": "userRealm"}}, change)
}

func (p *project) token(t testing.TB, own, change map[string]any) string {
	c := map[string]any{"iss": "https://mfp.invalid", "aud": "app", "exp": time.Now().Add(2 * time.Hour).Unix()}
	maps.Copy(c, own)
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return p.sign(t, "", c)
}

// realmsUntil is an "imf.scope": the realm r1 ends after d, r2 after five hours.
func realmsUntil(d time.Duration, mandatory bool) map[string]any {
	return map[string]any{
		"r1": map[string]any{"exp": time.Now().Add(d).Unix(), "mandatory": mandatory},
		"r2": map[string]any{"exp": time.Now().Add(5 * time.Hour).Unix(), "mandatory": false},
	}
}

func (o *Offline) ask(t testing.TB, credentials string) (*Introspection, error) {
	return o.Introspect(t.Context(), Question{Credentials: credentials, Sent: func() {}})
}

// SV-03: what tokens say is believed if the server has signed it, and says what IBM's filters want.
func TestOffline(t *testing.T) {
	p, stranger := newProject(t), newProject(t)
	past := time.Now().Add(-time.Minute).Unix()
	in := func(name string, value any) map[string]any { return map[string]any{name: value} }
	access := p.access(t, nil)
	for _, tt := range []struct {
		name, credentials string
		scope, user       string // "-" for a scope of an inactive token
	}{
		{"an access token", access, "r1 r2", ""},
		{"B13: with an ID token", access + " " + p.id(t, nil), "r1 r2", "alice"},
		{"an ID token without a user", access + " " + p.id(t, in("imf.user", nil)), "r1 r2", ""},
		{"no realm", p.access(t, in("imf.scope", nil)), "", ""},
		{"a realm that has ended", p.access(t, in("imf.scope", realmsUntil(-time.Minute, false))), "r2", ""},
		{"B5: a mandatory realm that has ended", p.access(t, in("imf.scope", realmsUntil(-time.Minute, true))), "-", ""},
		{"a realm without an end", p.access(t, in("imf.scope", map[string]any{"r1": map[string]any{}, "r2": map[string]any{"exp": time.Now().Add(time.Hour).UnixMilli()}})), "r2", ""},
		{"a mandatory realm without an end", p.access(t, in("imf.scope", map[string]any{"r1": map[string]any{"mandatory": true}})), "-", ""},
		{"a realm that is two", p.access(t, in("imf.scope", map[string]any{"r1 admin": map[string]any{"exp": time.Now().Add(time.Hour).Unix()}})), "", ""},
		{"a mandatory realm that is two and has ended", p.access(t, in("imf.scope", map[string]any{
			"r1": map[string]any{"exp": time.Now().Add(time.Hour).Unix()}, "r2 admin": map[string]any{"exp": past, "mandatory": true},
		})), "-", ""},
		{"a mandatory realm that is two", p.access(t, in("imf.scope", map[string]any{
			"r1": map[string]any{"exp": time.Now().Add(time.Hour).Unix()}, "r2 admin": map[string]any{"exp": time.Now().Add(time.Minute).Unix(), "mandatory": true},
		})), "r1", ""},
		{"a realm that is no object", p.access(t, in("imf.scope", map[string]any{"r1": 1})), "-", ""},
		{"a scope that is a string", p.access(t, in("imf.scope", "r1 r2")), "-", ""},
		{"B6: an expired token", p.access(t, in("exp", past)), "r1 r2", ""}, // core decides about exp
		{"no exp", p.access(t, in("exp", nil)), "-", ""},
		{"exp in milliseconds", p.access(t, in("exp", time.Now().UnixMilli())), "-", ""},
		{"B8: an ID token as the access token", p.id(t, nil), "-", ""},
		{"B8: an access token as the ID token", access + " " + access, "-", ""},
		{"a principal that is empty", p.access(t, in("prn", "")), "-", ""},
		{"another project's token", stranger.access(t, nil), "-", ""},
		{"another project's ID token", access + " " + stranger.id(t, nil), "-", ""},
		{"a flipped bit", flipped(access), "-", ""},
		{"a flipped bit in the ID token", access + " " + flipped(p.id(t, nil)), "-", ""},
		{"unsigned", unsigned(map[string]any{"prn": "c1", "exp": time.Now().Add(time.Hour).Unix()}), "-", ""},
		{"the public key as a secret", withPublicKeyAsSecret(p.signer, map[string]any{"prn": "c1"}), "-", ""},
		{"no JWT", "opaque", "-", ""},
		{"an ID token of another issuer", access + " " + p.id(t, in("iss", "https://other.invalid")), "-", ""},
		{"an ID token for another audience", access + " " + p.id(t, in("aud", "other-app")), "-", ""},
		{"no issuer in both", p.access(t, in("iss", nil)) + " " + p.id(t, in("iss", nil)), "-", ""},
		{"no audience in both", p.access(t, in("aud", nil)) + " " + p.id(t, in("aud", nil)), "-", ""},
		{"an access token alone, without issuer and audience", p.access(t, map[string]any{"iss": nil, "aud": nil}), "r1 r2", ""},
		{"an ID token without an end", access + " " + p.id(t, in("exp", nil)), "-", ""},
		{"iat of another type", p.access(t, in("iat", "x")), "-", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.offline(t, false).ask(t, tt.credentials)
			if err != nil {
				t.Fatal(err)
			}
			if tt.scope == "-" {
				if got.Active {
					t.Errorf("active, with the scope %q", got.Scope())
				}
				return
			}
			user, _ := got.User()
			if !got.Active || string(got.Scope()) != tt.scope || user.ID != tt.user {
				t.Errorf("active %v, scope %q, user %+v, want %q and %q", got.Active, got.Scope(), user, tt.scope, tt.user)
			}
		})
	}
}

func TestOfflineWithAnyIDToken(t *testing.T) {
	p := newProject(t)
	credentials := p.access(t, nil) + " " + p.id(t, map[string]any{"aud": "other-app"})
	in, err := p.offline(t, true).ask(t, credentials)
	if user, _ := in.User(); err != nil || user.ID != "alice" {
		t.Errorf("user %+v, error %v, want alice", user, err)
	}
}

// The identity ends with the ID token, and an answer is remembered until the first realm ends.
func TestOfflineEnds(t *testing.T) {
	p := newProject(t)
	soon := time.Now().Add(30 * time.Minute).Unix()
	o := p.offline(t, false)
	in, err := o.ask(t, p.access(t, nil)+" "+p.id(t, map[string]any{"exp": soon}))
	if err != nil || in.Expires != Instant(soon*1000) {
		t.Errorf("ends at %v, error %v, want the end of the ID token", in.Expires.Time(), err)
	}
	in, err = o.ask(t, p.access(t, map[string]any{"imf.scope": realmsUntil(time.Minute, true)}))
	if err != nil || in.KeepFor <= 0 || in.KeepFor > time.Minute || in.Expires > Instant(time.Now().Add(time.Minute).UnixMilli()) {
		t.Errorf("to be kept for %v, ends at %v, error %v, want up to a minute, and the end of the mandatory realm", in.KeepFor, in.Expires.Time(), err)
	}
	in, err = o.ask(t, p.access(t, map[string]any{"imf.scope": realmsUntil(time.Minute, false)}))
	if err != nil || in.Expires < Instant(time.Now().Add(time.Hour).UnixMilli()) {
		t.Errorf("ends at %v, error %v, want the end of the token", in.Expires.Time(), err)
	}
	scope := map[string]any{"r1": map[string]any{"exp": soon}, "r2 admin": map[string]any{"exp": time.Now().Add(time.Minute).Unix(), "mandatory": true}}
	in, err = o.ask(t, p.access(t, map[string]any{"imf.scope": scope}))
	if err != nil || in.KeepFor <= 0 || in.KeepFor > time.Minute {
		t.Errorf("to be kept for %v, error %v, want up to the minute of a mandatory realm whose name is no scope element", in.KeepFor, err)
	}
	in, err = o.ask(t, p.access(t, map[string]any{"imf.scope": map[string]any{}}))
	if err != nil || in.KeepFor != 0 {
		t.Errorf("to be kept for %v, error %v, want no bound", in.KeepFor, err)
	}
}

// SV-08: without a key there is no verdict, and the key is read once.
func TestOfflineKey(t *testing.T) {
	p := newProject(t)
	p.down.Store(true)
	o := p.offline(t, false)
	probe := func() error {
		_, err := o.Introspect(t.Context(), Question{IsProbe: true, Sent: func() {}})
		return err
	}
	for _, err := range []error{second(o.ask(t, p.access(t, nil))), probe()} {
		e, ok := errors.AsType[*tokensource.EndpointError](err)
		if !ok || e.Endpoint != "keys" || !strings.HasSuffix(e.URL, "/mfp/authorization/v1/publickey") || e.Status != 404 {
			t.Errorf("%v, want an error of the keys", err)
		}
	}
	p.down.Store(false)
	o = p.offline(t, false)
	before := p.reads.Load()
	if err := probe(); err != nil {
		t.Error(err)
	}
	for range 20 {
		if in, err := o.ask(t, p.access(t, nil)); err != nil || !in.Active {
			t.Errorf("%+v, %v", in, err)
		}
		if in, err := o.ask(t, flipped(p.access(t, nil))); err != nil || in.Active {
			t.Errorf("%+v, %v", in, err)
		}
	}
	if n := p.reads.Load() - before; n > 2 { // at first, and once for all bad signatures
		t.Errorf("the key was read %d times, want 2 at most", n)
	}
}

// SV-08: strangers whose tokens fit no key wait for a key that may be new, in a bounded number.
// Users whose tokens fit the present key do not wait behind them.
func TestOfflineCrowd(t *testing.T) {
	p := newProject(t)
	good, bad := p.access(t, nil), flipped(p.access(t, nil))
	key := p.document(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := NewMobileFirst7("https://mfp.invalid/mfp", true, false)
		if err != nil {
			t.Fatal(err)
		}
		reads := 0
		o := NewOffline(s, false, Config{Timeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler), Transport: roundtrip.Func(func(r *http.Request) (*http.Response, error) {
			if reads++; reads > 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(key)), Request: r}, nil
		})})
		if _, err := o.ask(t, good); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the key is older than the tokens
		var refused atomic.Int64
		for range maxWaiting + 50 {
			go func() {
				if _, err := o.ask(t, bad); errors.Is(err, ErrNotAdmitted) {
					refused.Add(1)
				}
			}()
		}
		synctest.Wait()
		if n := refused.Load(); n != 50 {
			t.Errorf("%d strangers were turned away, want 50", n)
		}
		if in, err := o.ask(t, good); err != nil || !in.Active {
			t.Errorf("a user among strangers: %+v, %v, want active", in, err)
		}
		time.Sleep(time.Minute)
	})
}

func second[T any](_ T, err error) error { return err }
