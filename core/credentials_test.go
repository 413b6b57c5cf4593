package core_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/canary"
	"github.com/mfpguard/mfpguard/tokensource"
)

// registrar is an introspection and token endpoint that records the forms and verifies assertions.
type registrar struct {
	key  crypto.PublicKey
	fail func(attempt int, form url.Values) *http.Response // nil for a good answer

	mu   sync.Mutex
	seen []*http.Request
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
	if s.fail != nil {
		if res := s.fail(len(s.seen), r.Form); res != nil {
			return res, nil
		}
	}
	own := r.Header.Get("Authorization") == "Bearer t0k3n"
	if _, err := s.claims(r); err != nil && s.key != nil && !own {
		return response(r, 401, "application/json", `{"error":"invalid_client"}`), nil
	}
	if strings.HasSuffix(r.URL.Path, "/token") {
		return response(r, 200, "application/json", `{"access_token":"t0k3n","token_type":"Bearer","expires_in":300}`), nil
	}
	return response(r, 200, "application/json", `{"active":true,"client_id":"c1"}`), nil
}

// claims are those of the assertion in a request.
func (s *registrar) claims(r *http.Request) (claims map[string]any, err error) {
	parsed, err := jose.ParseSignedCompact(r.Form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.EdDSA, jose.RS256})
	if err != nil {
		return nil, err
	}
	payload, err := parsed.Verify(s.key)
	if err != nil {
		return nil, err
	}
	return claims, json.Unmarshal(payload, &claims)
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// byKey is a Config of the client rs1 with a key, at an issuer that answers through rt.
func byKey(key crypto.Signer, rt http.RoundTripper) core.Config {
	return core.Config{
		Profile: core.RFC7662(core.RFC7662Config{
			IntrospectionURL: "https://as.test/introspect", AnyAudience: true, Issuer: "https://as.test",
		}),
		ClientID: "rs1", ClientAssertion: &tokensource.ClientAssertion{Key: key}, Transport: rt,
	}
}

// CC-49, CC-50, CC-51, CC-52, CC-53, A74, A75: each attempt has an assertion of its own, for the issuer of the profile or another audience.
func TestClientAssertion(t *testing.T) {
	for _, tt := range []struct{ audience, want string }{{"", "https://as.test"}, {"https://as.test/token", "https://as.test/token"}} {
		synctest.Test(t, func(t *testing.T) {
			key := newKey(t)
			srv := &registrar{key: key.Public(), fail: func(attempt int, _ url.Values) *http.Response {
				if attempt == 1 {
					return response(nil, 503, "", "")
				}
				return nil
			}}
			c := byKey(key, srv)
			c.ClientAssertion.Audience = tt.audience
			if err := verifier(t, c).Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(srv.seen) != 2 {
				t.Fatalf("%d attempts, want 2", len(srv.seen))
			}
			ids := map[any]bool{}
			for _, r := range srv.seen {
				claims, err := srv.claims(r)
				if err != nil {
					t.Fatal(err)
				}
				ids[claims["jti"]] = true
				if claims["iss"] != "rs1" || claims["sub"] != "rs1" || claims["aud"] != tt.want || claims["exp"].(float64)-claims["iat"].(float64) != 60 {
					t.Errorf("the claims are %v", claims)
				}
				if r.Header.Get("Authorization") != "" || len(r.Form) != 5 || r.Form.Get("client_id") != "rs1" ||
					r.Form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
					t.Errorf("sent %v and %v", r.Header, r.Form)
				}
			}
			if len(ids) != 2 {
				t.Errorf("%d jti in two attempts", len(ids))
			}
		})
	}
}

// A key that changes is the key of the next call, and an assertion of a function is sent as it is.
func TestClientAssertionFuncs(t *testing.T) {
	srv := &registrar{}
	keys := []crypto.Signer{newKey(t), newKey(t)}
	calls := 0
	c := byKey(nil, srv)
	c.ClientAssertion.KeyFunc = func(context.Context) (crypto.Signer, error) { calls++; return keys[calls-1], nil }
	v := verifier(t, c)
	for i, key := range keys {
		srv.key = key.Public()
		if _, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated()); d != nil && d.Status == 503 {
			t.Fatal(d.Cause)
		}
		if _, err := srv.claims(srv.seen[i]); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	c.ClientAssertion = &tokensource.ClientAssertion{Func: func(context.Context) (tokensource.Secret, error) { return "a.b.c\n", nil }}
	srv.key = nil
	if err := verifier(t, c).Ready(t.Context()); err != nil || srv.seen[2].Form.Get("client_assertion") != "a.b.c" {
		t.Errorf("sent %v, error %v", srv.seen[2].Form, err)
	}
}

// badKey is a key whose method Sign panics.
type badKey struct{ crypto.Signer }

func (badKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { panic("canary") }

// What fails on the program's side is 503 and no word of it to the client; a panic ends nothing.
func TestClientAssertionFails(t *testing.T) {
	for name, a := range map[string]tokensource.ClientAssertion{
		"an error":         {KeyFunc: func(context.Context) (crypto.Signer, error) { return nil, errors.New("the vault is sealed") }},
		"no key":           {KeyFunc: func(context.Context) (crypto.Signer, error) { return nil, nil }},
		"a panic":          {KeyFunc: func(context.Context) (crypto.Signer, error) { panic("canary") }},
		"a panic in Func":  {Func: func(context.Context) (tokensource.Secret, error) { panic("canary") }},
		"a panicking key":  {Key: badKey{newKey(t)}},
		"no assertion":     {Func: func(context.Context) (tokensource.Secret, error) { return "", nil }},
		"no JWT, a canary": {Func: func(context.Context) (tokensource.Secret, error) { return "can ary", nil }},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &registrar{}
			c := byKey(nil, srv)
			c.ClientAssertion = &a
			v := verifier(t, c)
			for range 3 {
				_, d := authorize(t.Context(), v, bearer("t1"), core.Authenticated())
				if outcome(d) != "503" || strings.Contains(d.Cause.Error(), "ary") {
					t.Errorf("got %s: %v", outcome(d), d)
				}
			}
			if len(srv.seen) != 0 {
				t.Errorf("%d requests were sent", len(srv.seen))
			}
		})
	}
}

// CC-54, CC-55, CC-56, A74: what cannot be meant is told, with the field and the fix.
func TestNewRefusesCredentials(t *testing.T) {
	key := newKey(t)
	cert := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
	as := func(r core.RFC7662Config) func(*core.Config) {
		return func(c *core.Config) { r.AnyAudience, r.Issuer = true, "https://as.test"; asRFC(r)(c) }
	}
	byCert := func(auth tokensource.ClientAuth) func(*core.Config) {
		return func(c *core.Config) {
			c.ClientAssertion, c.ClientCertificate, c.Transport = nil, cert, nil
			as(core.RFC7662Config{ClientAuth: auth})(c)
		}
	}
	for _, tt := range []struct {
		name string
		f    []func(*core.Config)
		want string
	}{
		{"a key", nil, ""},
		{"a colon in the id", []func(*core.Config){func(c *core.Config) { c.ClientID = "a:b" }}, ""},
		{"no id", []func(*core.Config){func(c *core.Config) { c.ClientID = "" }}, "Config.ClientID is empty"},
		{"a secret, too", []func(*core.Config){func(c *core.Config) { c.ClientSecret = "canary" }}, "Config.ClientSecret and Config.ClientAssertion are both set: choose one"},
		{"a secret's function, too", []func(*core.Config){func(c *core.Config) { c.ClientSecretFunc = secretFunc("canary") }}, "Config.ClientSecretFunc and Config.ClientAssertion are both set: choose one"},
		{"a way of secrets, too", []func(*core.Config){as(core.RFC7662Config{ClientAuth: tokensource.Post})}, "RFC7662Config.ClientAuth and Config.ClientAssertion are both set: remove ClientAuth"},
		{"no key", []func(*core.Config){func(c *core.Config) { c.ClientAssertion.Key = nil }}, "ClientAssertion.Key is not set, and KeyFunc and Func are not either: set one of them"},
		{"none", []func(*core.Config){func(c *core.Config) { c.ClientAssertion.Algorithm = "none" }}, `ClientAssertion.Algorithm is "none", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key`},
		{"no issuer", []func(*core.Config){asRFC(core.RFC7662Config{AnyAudience: true})}, "ClientAssertion.Audience is empty, and so is RFC7662Config.Issuer: set one to the issuer identifier of the server"},
		{"a key for MobileFirst 8", []func(*core.Config){asMFP(base)}, "Config.ClientAssertion is set, and MobileFirst 8.0 takes no assertions: use a secret"},
		{"a key for MobileFirst 7", []func(*core.Config){withProfile(core.MobileFirst7(core.MobileFirst7Config{BaseURL: "https://mfp.test/p"}))}, "Config.ClientAssertion is set, and MobileFirst 7.x takes no assertions: use a secret"},
		{"a key beside a source", []func(*core.Config){as(core.RFC7662Config{TokenSource: tokensource.Static("x")})}, "Config.ClientID and its ClientAssertion are set beside RFC7662Config.TokenSource: choose one"},
		{"nothing", []func(*core.Config){func(c *core.Config) { c.ClientAssertion = nil }}, "Config.ClientSecret is empty, and ClientSecretFunc, ClientAssertion and ClientCertificate are not set: set one of them"},
		{"a certificate", []func(*core.Config){byCert("")}, ""},
		{"a certificate by name", []func(*core.Config){byCert(tokensource.TLSClientAuth)}, ""},
		{"a certificate beside a secret", []func(*core.Config){byCert(""), func(c *core.Config) { c.ClientSecret = "s3cret" }}, ""},
		{"a certificate beside a source", []func(*core.Config){byCert(""), as(core.RFC7662Config{TokenSource: tokensource.Static("x")}), func(c *core.Config) { c.ClientID = "" }}, ""},
		{"a certificate without an id", []func(*core.Config){byCert(""), func(c *core.Config) { c.ClientID = "" }}, "Config.ClientID is empty"},
		{"a certificate and a way of secrets", []func(*core.Config){byCert(tokensource.Basic)}, "Config.ClientSecret is empty"},
		{"a certificate for MobileFirst 8, no secret", []func(*core.Config){byCert(""), asMFP(base)}, "Config.ClientSecret is empty"},
		{"a certificate for MobileFirst 8", []func(*core.Config){byCert(""), asMFP(base), func(c *core.Config) { c.ClientSecret = "s3cret" }}, ""},
		{"a certificate for MobileFirst 7", []func(*core.Config){byCert(""), withProfile(core.MobileFirst7(core.MobileFirst7Config{BaseURL: "https://mfp.test/p"})), func(c *core.Config) { c.ClientID = "" }}, ""},
		{
			"a certificate by name, a secret",
			[]func(*core.Config){byCert(tokensource.TLSClientAuth), func(c *core.Config) { c.ClientSecret = "canary" }},
			`RFC7662Config.ClientAuth is "tls_client_auth", which sends no secret, and Config.ClientSecret is set: remove one of them`,
		},
		{
			"a certificate by name, and none",
			[]func(*core.Config){byCert(tokensource.TLSClientAuth), func(c *core.Config) { c.ClientCertificate = nil }},
			`RFC7662Config.ClientAuth is "tls_client_auth", and there is no certificate: set Config.ClientCertificate, or a Transport that has one`,
		},
		{"a certificate of the Transport", []func(*core.Config){byCert(tokensource.TLSClientAuth), func(c *core.Config) { c.ClientCertificate, c.Transport = nil, &http.Transport{} }}, ""},
		{
			"a certificate beside a Transport",
			[]func(*core.Config){byCert(""), func(c *core.Config) { c.Transport = &http.Transport{} }},
			"Config.ClientCertificate and Config.Transport are both set: let the Transport's TLSClientConfig have it, as GetClientCertificate",
		},
		{
			"a certificate without TLS",
			[]func(*core.Config){byCert(""), as(core.RFC7662Config{IntrospectionURL: "http://127.0.0.1/introspect"})},
			"RFC7662Config.IntrospectionURL is http://, where no certificate is presented: use https",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := byKey(key, &registrar{})
			for _, f := range tt.f {
				f(&c)
			}
			_, err := core.New(c)
			if got := strings.TrimPrefix(fmt.Sprint(err), "<nil>"); got != tt.want && got != "core: "+tt.want {
				t.Errorf("got  %s\nwant core: %s", got, tt.want)
			}
		})
	}
}

// CC-46: no key and no assertion is said to anyone but the server, which repeats what it gets.
func TestClientAssertionIsNotSaid(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, status := range map[string]int{"a refusal": 401, "a bad request": 400, "an answer": 200, "trouble": 500} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w watcher
				srv := &registrar{fail: func(_ int, form url.Values) *http.Response {
					sent := form.Get("client_assertion")
					res := response(nil, status, "application/json", fmt.Sprintf(`{"error":%q,"active":%q,%q:%q}`, sent, sent, sent, sent))
					res.Header.Set("WWW-Authenticate", `Bearer error="`+sent+`"`)
					return res
				}}
				c := byKey(key, srv)
				w.watch(&c)
				v := verifier(t, c)
				printed := c
				printed.Logger, printed.Transport, printed.Trace = nil, nil, core.Trace{}
				w.Note(printed, v)
				fmt.Fprintf(&w, "%#v %+v %#v", printed, printed.ClientAssertion, *printed.ClientAssertion)
				for i := range 12 {
					_, d := authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
					w.denial(d)
					if d != nil {
						w.note(d.Cause)
					}
				}
				w.note(v.Ready(t.Context()))
				time.Sleep(time.Minute)
				said := w.Take()
				secrets := []string{key.D.String(), fmt.Sprintf("%x", key.D), key.Primes[0].String(), key.Primes[1].String()}
				for _, r := range srv.seen {
					secrets = append(secrets, r.Form.Get("client_assertion"))
				}
				if len(secrets) < 5 || said == "" {
					t.Fatalf("the test watches nothing: %d secrets, %d bytes", len(secrets), len(said))
				}
				if found := canary.Find(said, secrets...); found != "" {
					t.Errorf("it was said: %.40s…", found)
				}
			})
		})
	}
}
