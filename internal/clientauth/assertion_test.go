package clientauth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/jose"
)

const issuer = "https://as.test"

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// assertion is that of the client rs1, changed by the given functions.
func assertion(key crypto.Signer, change ...func(*clientauth.Assertion)) *clientauth.Assertion {
	a := &clientauth.Assertion{ClientID: "rs1", Key: key, Audience: issuer, Panics: &contain.Hook{Name: "test"}}
	for _, f := range change {
		f(a)
	}
	return a
}

// apply returns the form of one attempt, in which nothing but the form may be set.
func apply(t testing.TB, m clientauth.Method) url.Values {
	t.Helper()
	header, form := http.Header{}, url.Values{}
	if err := m.Apply(t.Context(), header, form); err != nil {
		t.Fatal(err)
	}
	if len(header) != 0 {
		t.Errorf("the header has %v", header)
	}
	return form
}

// opened verifies a JWT with the key, and returns its header and its claims.
func opened(t testing.TB, jwt string, public crypto.PublicKey) (gojose.Header, map[string]any) {
	t.Helper()
	parsed, err := gojose.ParseSignedCompact(jwt, []gojose.SignatureAlgorithm{gojose.RS256, gojose.PS256, gojose.ES256, gojose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := parsed.Verify(public)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return parsed.Signatures[0].Protected, claims
}

// CC-49, CC-50, CC-51, CC-52, CC-53, A75: what is sent, to the last parameter and claim.
func TestAssertion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t)
		a := assertion(key)
		form := apply(t, a)
		if got, want := slices.Sorted(maps.Keys(form)), []string{"client_assertion", "client_assertion_type", "client_id"}; !slices.Equal(got, want) {
			t.Errorf("sent %q, want %q", got, want)
		}
		if got := form.Get("client_assertion_type"); got != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			t.Errorf("client_assertion_type is %q", got) // CC-49
		}
		header, claims := opened(t, form.Get("client_assertion"), key.Public())
		jti, _ := claims["jti"].(string)
		if len(jti) < 26 { // 128 bits in base32
			t.Errorf("jti is %q", jti)
		}
		now := float64(time.Now().Unix())
		want := map[string]any{"iss": "rs1", "sub": "rs1", "aud": issuer, "iat": now, "exp": now + 60, "jti": jti}
		if form.Get("client_id") != "rs1" || !maps.Equal(claims, want) {
			t.Errorf("client_id %q, claims %v, want %v", form.Get("client_id"), claims, want)
		}
		thumbprint, _ := jose.Thumbprint(key.Public())
		if header.KeyID != thumbprint || header.Algorithm != "EdDSA" || header.ExtraHeaders["typ"] != "JWT" || len(header.ExtraHeaders) != 1 {
			t.Errorf("the header is %+v", header)
		}
		if _, again := opened(t, apply(t, a).Get("client_assertion"), key.Public()); again["jti"] == jti { // CC-53
			t.Errorf("two attempts have the jti %q", jti)
		}
	})
}

// CC-54: the algorithm is that of the key, or PS256 by choice; the "kid" is what was set.
func TestAssertionAlgorithms(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		key         crypto.Signer
		asked, want string
	}{{r, "", "RS256"}, {r, "RS256", "RS256"}, {r, "PS256", "PS256"}, {e, "", "ES256"}, {newKey(t), "", "EdDSA"}} {
		a := assertion(tt.key, func(a *clientauth.Assertion) { a.KeyID, a.Algorithm = "k1", tt.asked })
		header, _ := opened(t, apply(t, a).Get("client_assertion"), tt.key.Public())
		if header.Algorithm != tt.want || header.KeyID != "k1" {
			t.Errorf("%T, asked for %q: the header is %+v", tt.key, tt.asked, header)
		}
	}
}

// CC-54: the key of each attempt is the one that KeyFunc returns then, and the "kid" follows it.
func TestAssertionKeyFunc(t *testing.T) {
	keys := []crypto.Signer{newKey(t), newKey(t)}
	calls := 0
	var used []string
	a := assertion(nil, func(a *clientauth.Assertion) {
		a.KeyFunc = func(context.Context) (crypto.Signer, error) { calls++; return keys[calls-1], nil }
		a.Used = func(thumbprint string) { used = append(used, thumbprint) }
	})
	for i, key := range keys {
		header, _ := opened(t, apply(t, a).Get("client_assertion"), key.Public())
		thumbprint, _ := jose.Thumbprint(key.Public())
		if header.KeyID != thumbprint || len(used) != i+1 || used[i] != thumbprint {
			t.Errorf("attempt %d has the kid %q, want %q; told of %q", i, header.KeyID, thumbprint, used)
		}
	}
	if got, err := assertion(keys[0]).Thumbprint(t.Context()); err != nil || got != used[0] {
		t.Errorf("Thumbprint: %q, %v, want %q", got, err, used[0])
	}
}

// An assertion that was made elsewhere is sent as it is, without what an editor has added.
func TestGivenAssertion(t *testing.T) {
	files := []string{"a.b.c\n", "\ufeffd.e.f\r\n"}
	a := assertion(nil, func(a *clientauth.Assertion) {
		a.Audience = ""
		a.Func = func(context.Context) (string, error) { file := files[0]; files = files[1:]; return file, nil }
	})
	for _, want := range []string{"a.b.c", "d.e.f"} {
		if form := apply(t, a); form.Get("client_assertion") != want || form.Get("client_id") != "rs1" || len(form) != 3 {
			t.Errorf("sent %v, want %q", form, want)
		}
	}
}

// badKey is a key of the program that fails in a way of its own.
type badKey struct {
	crypto.Signer
	sign func() ([]byte, error)
}

func (k badKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return k.sign() }

// What goes wrong in the functions of the program is an error without the key or the assertion, and nothing is set.
func TestAssertionFailures(t *testing.T) {
	key := newKey(t)
	sealed := errors.New("the vault is sealed")
	keyFunc := func(k crypto.Signer, err error) func(*clientauth.Assertion) {
		return func(a *clientauth.Assertion) {
			a.Key, a.KeyFunc = nil, func(context.Context) (crypto.Signer, error) { return k, err }
		}
	}
	given := func(jwt string, err error) func(*clientauth.Assertion) {
		return func(a *clientauth.Assertion) {
			a.Key, a.Func = nil, func(context.Context) (string, error) { return jwt, err }
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*clientauth.Assertion)
		want   string
	}{
		{"KeyFunc fails", keyFunc(nil, sealed), "reading the client's key: the vault is sealed"},
		{"KeyFunc has no key", keyFunc(nil, nil), "the client's key is nil"},
		{"KeyFunc panics", func(a *clientauth.Assertion) {
			a.Key, a.KeyFunc = nil, func(context.Context) (crypto.Signer, error) { panic("canary") }
		}, "a function of the program panicked"},
		{"a nil key with a type", keyFunc((*rsa.PrivateKey)(nil), nil), "a function of the program panicked"},
		{"another algorithm's key", func(a *clientauth.Assertion) { a.Algorithm = "RS256"; keyFunc(key, nil)(a) }, `the client's key cannot be used with "RS256"`},
		{"Sign fails", func(a *clientauth.Assertion) {
			a.Key = badKey{key, func() ([]byte, error) { return nil, sealed }}
		}, "signing the client assertion: the vault is sealed"},
		{"Sign panics", func(a *clientauth.Assertion) {
			a.Key = badKey{key, func() ([]byte, error) { panic("canary") }}
		}, "a function of the program panicked"},
		{"Func fails", given("", sealed), "reading the client assertion: the vault is sealed"},
		{"Func panics", func(a *clientauth.Assertion) {
			a.Key, a.Func = nil, func(context.Context) (string, error) { panic("canary") }
		}, "a function of the program panicked"},
		{"an empty assertion", given("\n", nil), "the client assertion is empty"},
		{"an assertion with a blank", given("can ary", nil), "the client assertion has a blank"},
		{"an assertion with a line break", given("can\nary", nil), "the client assertion has a blank"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header, form := http.Header{}, url.Values{}
			err := assertion(key, tt.change).Apply(t.Context(), header, form)
			if !strings.Contains(fmt.Sprint(err), tt.want) || strings.Contains(fmt.Sprint(err), "ary") {
				t.Errorf("Apply: %v, want %q", err, tt.want)
			}
			if len(header)+len(form) > 0 {
				t.Errorf("half the credentials were set: %v %v", header, form)
			}
		})
	}
}

// CC-54: each mistake is told, with its field.
func TestAssertionCheck(t *testing.T) {
	key := newKey(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	given := func(context.Context) (string, error) { return "a.b.c", nil }
	keyFunc := func(context.Context) (crypto.Signer, error) { t.Error("KeyFunc was called"); return key, nil }
	for _, tt := range []struct {
		name   string
		change func(*clientauth.Assertion)
		want   string // one line for each mistake
	}{
		{"a key", func(*clientauth.Assertion) {}, ""},
		{"a function for the key", func(a *clientauth.Assertion) { a.Key, a.KeyFunc, a.Algorithm = nil, keyFunc, "PS256" }, ""},
		{"a given one", func(a *clientauth.Assertion) { a.Key, a.Audience, a.Func = nil, "", given }, ""},
		{"nothing", func(a *clientauth.Assertion) { a.Key = nil }, "Key is not set, and KeyFunc and Func are not either: set one of them\n"},
		{"two sources", func(a *clientauth.Assertion) { a.KeyFunc = keyFunc }, "Key and KeyFunc are set: choose one\n"},
		{"three", func(a *clientauth.Assertion) { a.KeyFunc, a.Func = keyFunc, given }, "Key and KeyFunc and Func are set: choose one\n"},
		{
			"all beside a given one", func(a *clientauth.Assertion) { a.Key, a.Func, a.KeyID, a.Algorithm = nil, given, "k", "RS256" },
			"KeyID has no meaning beside Func, which returns a complete assertion: remove it\n" +
				"Algorithm has no meaning beside Func, which returns a complete assertion: remove it\n" +
				"Audience has no meaning beside Func, which returns a complete assertion: remove it\n",
		},
		{"none", func(a *clientauth.Assertion) { a.Algorithm = "none" }, `Algorithm is "none", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key` + "\n"},
		{"a shared secret's", func(a *clientauth.Assertion) { a.Algorithm, a.Key, a.KeyFunc = "HS256", nil, keyFunc }, `Algorithm is "HS256", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key` + "\n"},
		{"another key's", func(a *clientauth.Assertion) { a.Algorithm = "RS256" }, `Key cannot be used with "RS256", want one of ["EdDSA"]` + "\n"},
		{"a small key", func(a *clientauth.Assertion) { a.Key = small }, "Key is an RSA key of 1024 bits, want 2048 or more\n"},
		{"a nil key with a type", func(a *clientauth.Assertion) { a.Key = (*rsa.PrivateKey)(nil) }, "Key cannot be used: its method Public panicked\n"},
		{"no audience", func(a *clientauth.Assertion) { a.Audience = "" }, "Audience is empty: set it to the issuer identifier of the server\n"},
		{"a line break in the audience", func(a *clientauth.Assertion) { a.Audience += "\n" }, "Audience contains a control character (a line break at its end?)\n"},
		{
			"three mistakes", func(a *clientauth.Assertion) { a.Key, a.Algorithm, a.Audience = small, "none", "" },
			`Algorithm is "none", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key` + "\n" +
				"Key is an RSA key of 1024 bits, want 2048 or more\nAudience is empty: set it to the issuer identifier of the server\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			assertion(key, tt.change).Check(func(field string, err error) { got += field + " " + err.Error() + "\n" })
			if got != tt.want {
				t.Errorf("got  %swant %s", got, tt.want)
			}
		})
	}
}

// CC-56: a client that its certificate authenticates sends its id and nothing else.
func TestCertificate(t *testing.T) {
	if form := apply(t, clientauth.Certificate("rs1")); form.Encode() != "client_id=rs1" {
		t.Errorf("sent %v", form)
	}
}
