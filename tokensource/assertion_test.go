package tokensource_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	watch "github.com/mfpguard/mfpguard/internal/canary"
	"github.com/mfpguard/mfpguard/tokensource"
)

// registrar is a token endpoint that knows keys in place of secrets. It answers what answer says, or a token.
type registrar struct {
	mu     sync.Mutex
	keys   []crypto.PublicKey
	answer func(attempt int) (status int, body string) // 0 for a look at the assertion
	seen   []*http.Request                             // with their forms
}

func (s *registrar) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Form, err = url.ParseQuery(string(body)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r)
	status, text := 0, ""
	if s.answer != nil {
		status, text = s.answer(len(s.seen))
	}
	if status == 0 {
		status, text = 401, `{"error":"invalid_client"}`
		if s.knows(r.Form.Get("client_assertion")) {
			status, text = 200, `{"access_token":"t0k3n","token_type":"Bearer","expires_in":300}`
		}
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r,
	}, nil
}

func (s *registrar) knows(assertion string) bool {
	parsed, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.EdDSA, jose.PS256})
	if err != nil {
		return false
	}
	for _, key := range s.keys {
		if _, err := parsed.Verify(key); err == nil {
			return true
		}
	}
	return false
}

// claim is a claim of the assertion of one request.
func (s *registrar) claim(t testing.TB, request int, name string) any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	parsed, err := jose.ParseSignedCompact(s.seen[request].Form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.EdDSA, jose.PS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(parsed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		t.Fatal(err)
	}
	return claims[name]
}

func (s *registrar) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// byKey is a config of the client rs1, whose key is key, at s.
func byKey(s *registrar, key crypto.Signer) tokensource.Config {
	return tokensource.Config{
		TokenURL: "https://as.test/token", ClientID: "rs1", Transport: s, Logger: slog.New(slog.DiscardHandler),
		ClientAssertion: &tokensource.ClientAssertion{Key: key, Audience: "https://as.test"},
	}
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// CC-49, CC-50, CC-51, CC-52, CC-53, A74, A75: a token for a signed assertion, and a fresh one for the attempt after a 503.
func TestClientAssertion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t)
		srv := &registrar{keys: []crypto.PublicKey{key.Public()}, answer: func(attempt int) (int, string) {
			if attempt == 1 {
				return 503, ""
			}
			return 0, ""
		}}
		token(t, newSource(t, byKey(srv, key)))
		if n := srv.requests(); n != 2 {
			t.Fatalf("%d requests, want 2", n)
		}
		if srv.claim(t, 0, "jti") == srv.claim(t, 1, "jti") {
			t.Error("two attempts have one jti")
		}
		for i, r := range srv.seen {
			form := r.Form
			if r.Header.Get("Authorization") != "" || form.Has("client_secret") || form.Get("client_id") != "rs1" || len(form) != 4 ||
				form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Get("grant_type") != "client_credentials" {
				t.Errorf("request %d has Authorization %q and the form %v", i, r.Header.Get("Authorization"), form)
			}
			if srv.claim(t, i, "iss") != "rs1" || srv.claim(t, i, "sub") != "rs1" || srv.claim(t, i, "aud") != "https://as.test" ||
				srv.claim(t, i, "exp").(float64)-srv.claim(t, i, "iat").(float64) != 60 {
				t.Errorf("request %d has other claims", i)
			}
		}
	})
}

// AV-12 for keys: a key that has changed since it was refused is used by the next caller, and one that has not is backed off.
func TestAChangedKeyIsUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t)
		srv := &registrar{keys: []crypto.PublicKey{key.Public()}}
		present := newKey(t)
		c := byKey(srv, nil)
		c.ClientAssertion.KeyFunc = func(context.Context) (crypto.Signer, error) { return present, nil }
		src := newSource(t, c)
		_, err := src.Token(t.Context())
		if e, _ := errors.AsType[*tokensource.EndpointError](err); e == nil || !strings.Contains(e.Hint, "the client id or key is wrong, or the server knows it by another ClientAssertion.KeyID, or ClientAssertion.Audience") {
			t.Fatalf("Token: %v, want the refusal with its hint", err)
		}
		for range 5 {
			time.Sleep(300 * time.Millisecond)
			if _, err := src.Token(t.Context()); !refusal(err) {
				t.Fatalf("Token: %v, want the remembered refusal", err)
			}
		}
		if n := srv.requests(); n != 1 {
			t.Errorf("%d requests with one key, want 1", n)
		}
		present = key
		time.Sleep(250 * time.Millisecond)
		token(t, src)
	})
}

// An assertion of a function is sent as it is. Its refusal is backed off: the next one may be as good or as bad.
func TestGivenAssertion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &registrar{}
		c := byKey(srv, nil)
		reads := 0
		c.ClientAssertion = &tokensource.ClientAssertion{Func: func(context.Context) (tokensource.Secret, error) {
			reads++
			return "a.b.c\n", nil
		}}
		src := newSource(t, c)
		for range 5 {
			_, err := src.Token(t.Context())
			if e, _ := errors.AsType[*tokensource.EndpointError](err); e == nil || e.Hint != "the client id or assertion is wrong" {
				t.Fatalf("Token: %v, want the refusal", err)
			}
			time.Sleep(300 * time.Millisecond)
		}
		if got := srv.seen[0].Form.Get("client_assertion"); got != "a.b.c" || reads != 1 || srv.requests() != 1 {
			t.Errorf("sent %q, with %d reads and %d requests", got, reads, srv.requests())
		}
	})
}

// CC-54, CC-55, A74: what cannot be meant is told, each mistake on a line of its own.
func TestNewRefusesAssertions(t *testing.T) {
	key := newKey(t)
	secret := func(context.Context) (tokensource.Secret, error) { return "canary", nil }
	for _, tt := range []struct {
		name string
		edit func(*tokensource.Config)
		want string // lines, without "tokensource: "
	}{
		{"a key", func(*tokensource.Config) {}, ""},
		{"a colon in the id", func(c *tokensource.Config) { c.ClientID = "a:b" }, ""},
		{"no id", func(c *tokensource.Config) { c.ClientID = "" }, "Config.ClientID is empty"},
		{"a secret, too", func(c *tokensource.Config) { c.ClientSecret = "canary" }, "Config.ClientSecret and Config.ClientAssertion are both set: choose one"},
		{"a function for the secret, too", func(c *tokensource.Config) { c.ClientSecretFunc = secret }, "Config.ClientSecretFunc and Config.ClientAssertion are both set: choose one"},
		{"a way of sending secrets", func(c *tokensource.Config) { c.ClientAuth = tokensource.Post }, "Config.ClientAuth and Config.ClientAssertion are both set: remove ClientAuth"},
		{"no key", func(c *tokensource.Config) { c.ClientAssertion.Key = nil }, "ClientAssertion.Key is not set, and KeyFunc and Func are not either: set one of them"},
		{"none", func(c *tokensource.Config) { c.ClientAssertion.Algorithm = "none" }, `ClientAssertion.Algorithm is "none", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key`},
		{"no audience", func(c *tokensource.Config) { c.ClientAssertion.Audience = "" }, "ClientAssertion.Audience is empty: set it to the issuer identifier of the server"},
		{"a nil key with a type", func(c *tokensource.Config) { c.ClientAssertion.Key = (*rsa.PrivateKey)(nil) }, "ClientAssertion.Key cannot be used: its method Public panicked"},
		{"much", func(c *tokensource.Config) {
			c.TokenURL, c.ClientID, c.ClientSecret, c.Scope, c.Timeout = "as.test", "", "canary", `"`, -1
			c.ClientAssertion.Algorithm, c.ClientAssertion.Audience = "HS256", ""
		}, "Config.TokenURL has no scheme: put https:// in front\nConfig.ClientID is empty\nConfig.ClientSecret and Config.ClientAssertion are both set: choose one\n" +
			`ClientAssertion.Algorithm is "HS256", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key` + "\n" +
			"ClientAssertion.Audience is empty: set it to the issuer identifier of the server\n" +
			"Config.Scope has the character '\"', which a scope cannot have (RFC 6749 section 3.3)\nConfig.Timeout is -1ns, want 1ms to 1h0m0s, or 0 for 5s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := byKey(&registrar{}, key)
			tt.edit(&c)
			_, err := tokensource.New(c)
			got := strings.ReplaceAll(strings.TrimPrefix(fmt.Sprint(err), "<nil>"), "tokensource: ", "")
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A secret that is wrong in two ways, and more: all is told at once, and errors.AsType finds the first.
func TestNewTellsAllMistakes(t *testing.T) {
	_, err := tokensource.New(tokensource.Config{Timeout: -1, CAFile: "/nowhere/ca.pem"})
	want := "tokensource: Config.TokenURL is empty, want an https:// URL\ntokensource: Config.ClientID is empty\ntokensource: Config.ClientSecret is empty\n" +
		"tokensource: Config.Timeout is -1ns, want 1ms to 1h0m0s, or 0 for 5s\ntokensource: Config.CAFile cannot be read: open /nowhere/ca.pem: no such file or directory"
	if fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if e, ok := errors.AsType[*tokensource.ConfigError](err); !ok || e.Field != "Config.TokenURL" {
		t.Errorf("the first mistake is %v", e)
	}
}

// CC-46, A69: no key and no assertion is in an error, in the log, in an event, or in what prints a Config.
func TestNothingShowsAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		var w watch.Watcher
		srv := &registrar{}
		srv.answer = func(int) (int, string) { // it repeats what it got
			sent := srv.seen[len(srv.seen)-1].Form.Get("client_assertion")
			return 400, fmt.Sprintf(`{"error":%q,"error_description":%q,%q:1}`, sent, sent, sent)
		}
		c := byKey(srv, rsaKey)
		c.ClientAssertion.Algorithm = "PS256"
		c.Logger, c.Renewed = w.Logger(), func(r tokensource.Renewal) { w.Note(r) }
		printed := c
		printed.Transport, printed.Logger = nil, nil // they are the test's own
		for how, s := range everywhere(printed) {
			w.Note(how, s)
		}
		for how, s := range everywhere(*c.ClientAssertion) {
			if !strings.Contains(s, "client assertion") && how != "chain" {
				t.Errorf("as %s a ClientAssertion is %q", how, s)
			}
			w.Note(how, s)
		}
		for how, s := range everywhere(c.ClientAssertion) {
			w.Note(how, s)
		}
		src := newSource(t, c)
		w.Note(src)
		for _, prepare := range []func(){
			func() {},
			func() {
				c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					res, err := srv.RoundTrip(r)
					return res, errors.Join(err, errors.New("cannot send "+r.Form.Get("client_assertion")))
				})
			},
		} {
			prepare()
			_, err = newSource(t, c).Token(t.Context())
			w.Note(err)
			time.Sleep(10 * time.Minute)
		}
		said := w.Take()
		secrets := []string{rsaKey.D.String(), fmt.Sprintf("%x", rsaKey.D), rsaKey.Primes[0].String(), rsaKey.Primes[1].String()}
		for _, r := range srv.seen {
			secrets = append(secrets, r.Form.Get("client_assertion"))
		}
		if len(secrets) < 6 || said == "" {
			t.Fatalf("the test watches nothing: %d secrets, %d bytes", len(secrets), len(said))
		}
		if found := watch.Find(said, secrets...); found != "" {
			t.Errorf("it was said: %.40s…", found)
		}
	})
}
