package interop_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/tokensource"
)

// ownAssertion is how the client with this algorithm authenticates at s.
func ownAssertion(s *server, algorithm jose.SignatureAlgorithm) *tokensource.ClientAssertion {
	key, id := clientKeys.signer(algorithm)
	return &tokensource.ClientAssertion{Key: key, KeyID: id, Algorithm: string(algorithm), Audience: s.issuer}
}

// keyedSource is a token source that authenticates with a key.
func keyedSource(t *testing.T, s *server, algorithm jose.SignatureAlgorithm, change func(*tokensource.Config)) *tokensource.Source {
	t.Helper()
	c := tokensource.Config{TokenURL: s.token, ClientID: keyClient(algorithm).ID, ClientAssertion: ownAssertion(s, algorithm), Scope: "read"}
	if change != nil {
		change(&c)
	}
	src, err := tokensource.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// keyFile writes a private key as PEM.
func keyFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func writeFile(t *testing.T, text []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A key in each algorithm, as a value and in a file, and an assertion that was made elsewhere.
// SV-05, CC-49..54
func TestSourceWithAKey(t *testing.T) {
	s := theProvider()
	v, _ := newGuard(t, s)
	for _, algorithm := range algorithms {
		key, _ := clientKeys.signer(algorithm)
		for name, change := range map[string]func(*tokensource.Config){
			"key":                    func(*tokensource.Config) {},
			"for the token endpoint": func(c *tokensource.Config) { c.ClientAssertion.Audience = s.token },
			"file": func(c *tokensource.Config) {
				c.ClientAssertion.Key, c.ClientAssertion.KeyFunc = nil, tokensource.KeyFile(keyFile(t, key))
			},
			"func": func(c *tokensource.Config) {
				c.ClientAssertion = &tokensource.ClientAssertion{Func: func(context.Context) (tokensource.Secret, error) {
					return tokensource.Secret(assertion(t, s, keyClient(algorithm), algorithm, nil)), nil
				}}
			},
		} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				src := keyedSource(t, s, algorithm, change)
				first, err := src.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				src.Invalidate(first)
				token, err := src.Token(t.Context())
				if err != nil || token.AccessToken == first.AccessToken {
					t.Fatalf("the second token: %v", err)
				}
				if _, p := request(t, v, read, string(token.AccessToken)); p.ClientID() != keyClient(algorithm).ID {
					t.Errorf("the guard sees the client %q", p.ClientID())
				}
			})
		}
	}
}

// SV-05, CC-51, CC-54
func TestSourceWithAWrongKey(t *testing.T) {
	s := theProvider()
	other, _ := newKeys("other").signer(jose.ES256)
	old := tokensource.Secret(assertion(t, s, keyClient(jose.ES256), jose.ES256, nil))
	if _, err := keyedSource(t, s, jose.ES256, func(c *tokensource.Config) { c.ClientAssertion = given(old) }).Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*tokensource.Config){
		"another key":                func(c *tokensource.Config) { c.ClientAssertion.Key = other },
		"the thumbprint as kid":      func(c *tokensource.Config) { c.ClientAssertion.KeyID = "" },
		"for another server":         func(c *tokensource.Config) { c.ClientAssertion.Audience = "https://other.example" },
		"of another client":          func(c *tokensource.Config) { c.ClientID = keyClient(jose.EdDSA).ID },
		"of a client with a secret":  func(c *tokensource.Config) { c.ClientID = service.ID },
		"an assertion that was used": func(c *tokensource.Config) { c.ClientAssertion = given(old) },
		"a certificate in place of keys": func(c *tokensource.Config) {
			c.ClientAssertion, c.ClientAuth, c.Transport = nil, tokensource.TLSClientAuth, http.DefaultTransport
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keyedSource(t, s, jose.ES256, change).Token(t.Context())
			e, ok := errors.AsType[*tokensource.EndpointError](err)
			if !ok || e.Status != http.StatusUnauthorized || e.Code != tokensource.ErrInvalidClient || strings.Contains(err.Error(), string(old)) {
				t.Errorf("the error is %v, want 401 invalid_client", err)
			}
		})
	}
}

// given is an assertion that was made elsewhere.
func given(jwt tokensource.Secret) *tokensource.ClientAssertion {
	return &tokensource.ClientAssertion{Func: func(context.Context) (tokensource.Secret, error) { return jwt, nil }}
}

// The attempt after a 503 has an assertion of its own. CC-53, A75
func TestSourceRepeatsWithANewAssertion(t *testing.T) {
	for _, algorithm := range algorithms {
		f := newFront(t, theProvider())
		if _, err := keyedSource(t, f.server, algorithm, nil).Token(t.Context()); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		f.want(t)
	}
}
