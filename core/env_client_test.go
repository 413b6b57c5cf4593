package core_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// keyFiles are files of the environment's tests, by name.
type keyFiles map[string]string

func newKeyFiles(t testing.TB) keyFiles {
	t.Helper()
	dir := t.TempDir()
	files := keyFiles{}
	write := func(name string, content []byte) {
		files[name] = filepath.Join(dir, name)
		if err := os.WriteFile(files[name], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"key": newKey(t), "p384": p384} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	write("encrypted", pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("canary")}))
	write("assertion", []byte("a.b.c\n"))
	write("text", []byte("can ary\n"))
	write("empty", nil)
	files["tls.crt"], files["tls.key"] = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, clientCert(t), files["tls.crt"], files["tls.key"])
	return files
}

// Keys and certificates of the environment: what works, and each mistake with its variable and its fix.
func TestFromLookupCredentials(t *testing.T) {
	files := newKeyFiles(t)
	byKey := map[string]string{"AUTH": "private_key_jwt", "CLIENT_KEY_FILE": files["key"], "ISSUER": "https://as.test"}
	byCert := map[string]string{"AUTH": "tls_client_auth", "CLIENT_CERT_FILE": files["tls.crt"], "CLIENT_CERT_KEY_FILE": files["tls.key"]}
	bearer := map[string]string{"AUTH": "bearer", "TOKEN_URL": "https://as.test/token", "CLIENT_KEY_FILE": files["key"], "ISSUER": "https://as.test"}
	basic := map[string]string{"CLIENT_SECRET": "s3cret"}
	mfp8 := map[string]string{"PROFILE": "mobilefirst8", "SERVER": base, "CLIENT_SECRET": "s3cret", "AUDIENCE": ""}
	mfp7 := map[string]string{"PROFILE": "mobilefirst7", "SERVER": "https://mfp.test/p", "CLIENT_ID": "", "AUDIENCE": ""}
	for _, tt := range []struct {
		name string
		base map[string]string
		set  map[string]string
		want []string
	}{
		{"a key", byKey, nil, nil},
		{"a key with all that is optional", byKey, map[string]string{"CLIENT_KEY_ID": "k1", "CLIENT_KEY_ALG": "EdDSA", "ASSERTION_AUDIENCE": "https://as.test/token", "ISSUER": ""}, nil},
		{"a key and a certificate", byKey, map[string]string{"CLIENT_CERT_FILE": files["tls.crt"], "CLIENT_CERT_KEY_FILE": files["tls.key"]}, nil},
		{"an assertion", byKey, map[string]string{"CLIENT_KEY_FILE": "", "CLIENT_ASSERTION_FILE": files["assertion"], "ISSUER": ""}, nil},
		{"a certificate", byCert, nil, nil},
		{"bearer with a key", bearer, nil, nil},
		{"bearer with an assertion", bearer, map[string]string{"CLIENT_KEY_FILE": "", "CLIENT_ASSERTION_FILE": files["assertion"]}, nil},
		{"a secret and a certificate", basic, map[string]string{"CLIENT_CERT_FILE": files["tls.crt"], "CLIENT_CERT_KEY_FILE": files["tls.key"]}, nil},
		{"MobileFirst 8 and a certificate", mfp8, map[string]string{"CLIENT_CERT_FILE": files["tls.crt"], "CLIENT_CERT_KEY_FILE": files["tls.key"]}, nil},
		{"MobileFirst 7 and a certificate", mfp7, map[string]string{"CLIENT_CERT_FILE": files["tls.crt"], "CLIENT_CERT_KEY_FILE": files["tls.key"]}, nil},

		{"no key", byKey, map[string]string{"CLIENT_KEY_FILE": ""}, []string{"CLIENT_KEY_FILE is not set, and CLIENT_ASSERTION_FILE is not either"}},
		{"a key and an assertion", byKey, map[string]string{"CLIENT_ASSERTION_FILE": files["assertion"]}, []string{"CLIENT_KEY_FILE and CLIENT_ASSERTION_FILE are both set: choose one"}},
		{"a key and secrets", byKey, map[string]string{"CLIENT_SECRET": "x", "CLIENT_SECRET_FILE": "x"}, []string{
			"CLIENT_SECRET has no meaning with a key or an assertion in its place: remove it, or change that",
			"CLIENT_SECRET_FILE has no meaning with a key or an assertion in its place: remove it, or change that",
		}},
		{"no issuer", byKey, map[string]string{"ISSUER": ""}, []string{"ASSERTION_AUDIENCE is not set, and ISSUER is not either: set one to the issuer identifier of the server"}},
		{"none", byKey, map[string]string{"CLIENT_KEY_ALG": "none"}, []string{`CLIENT_KEY_ALG is "none", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key`}},
		{"another key's algorithm", byKey, map[string]string{"CLIENT_KEY_ALG": "RS256"}, []string{`CLIENT_KEY_FILE cannot be used with "RS256", want one of ["EdDSA"]`}},
		{"a key of another curve", byKey, map[string]string{"CLIENT_KEY_FILE": files["p384"]}, []string{"CLIENT_KEY_FILE is an ECDSA key on the curve P-384, want P-256"}},
		{"an encrypted key", byKey, map[string]string{"CLIENT_KEY_FILE": files["encrypted"]}, []string{
			"CLIENT_KEY_FILE cannot be used: " + files["encrypted"] + " has an encrypted key: decrypt it, as with openssl pkey -in key.pem -out plain.pem",
		}},
		{"no key in the file", byKey, map[string]string{"CLIENT_KEY_FILE": files["text"]}, []string{
			"CLIENT_KEY_FILE cannot be used: " + files["text"] + " has no private key in it: want PEM, which begins with -----BEGIN PRIVATE KEY-----",
		}},
		{"no key file", byKey, map[string]string{"CLIENT_KEY_FILE": "/nowhere/key"}, []string{"CLIENT_KEY_FILE cannot be used: open /nowhere/key: no such file or directory"}},
		{"no assertion file", byKey, map[string]string{"CLIENT_KEY_FILE": "", "CLIENT_ASSERTION_FILE": "/nowhere/a"}, []string{"CLIENT_ASSERTION_FILE cannot be read: open /nowhere/a: no such file or directory"}},
		{"an empty assertion", byKey, map[string]string{"CLIENT_KEY_FILE": "", "CLIENT_ASSERTION_FILE": files["empty"]}, []string{"CLIENT_ASSERTION_FILE is empty"}},
		{"no JWT", byKey, map[string]string{"CLIENT_KEY_FILE": "", "CLIENT_ASSERTION_FILE": files["text"]}, []string{"CLIENT_ASSERTION_FILE has a blank or a character that no JWT has"}},
		{"an assertion and settings of a key", byKey, map[string]string{"CLIENT_KEY_FILE": "", "CLIENT_ASSERTION_FILE": files["assertion"], "CLIENT_KEY_ID": "k", "ASSERTION_AUDIENCE": "x"}, []string{
			"CLIENT_KEY_ID has no meaning with CLIENT_ASSERTION_FILE: remove it, or change that",
			"ASSERTION_AUDIENCE has no meaning with CLIENT_ASSERTION_FILE: remove it, or change that",
		}},
		{"a certificate and no AUTH", byCert, map[string]string{"AUTH": ""}, []string{
			"CLIENT_SECRET is not set, and CLIENT_SECRET_FILE is not either: for a certificate set AUTH=tls_client_auth",
		}},
		{"a key and no AUTH", byKey, map[string]string{"AUTH": ""}, []string{
			"CLIENT_SECRET is not set, and CLIENT_SECRET_FILE is not either: for a key or an assertion set AUTH=private_key_jwt",
			"CLIENT_KEY_FILE has no meaning with AUTH other than private_key_jwt and bearer: remove it, or change that",
		}},
		{"no certificate", byCert, map[string]string{"CLIENT_CERT_FILE": "", "CLIENT_CERT_KEY_FILE": ""}, []string{"CLIENT_CERT_FILE is not set", "CLIENT_CERT_KEY_FILE is not set"}},
		{"half a certificate", basic, map[string]string{"CLIENT_CERT_FILE": files["tls.crt"]}, []string{"CLIENT_CERT_KEY_FILE is not set"}},
		{"the other half", basic, map[string]string{"CLIENT_CERT_KEY_FILE": files["tls.key"]}, []string{"CLIENT_CERT_FILE is not set"}},
		{"a certificate for another key", byCert, map[string]string{"CLIENT_CERT_KEY_FILE": files["key"]}, []string{
			"CLIENT_CERT_FILE cannot be used: " + files["tls.crt"] + " with the key in " + files["key"] + ": tls: private key type does not match public key type",
		}},
		{"an encrypted key of a certificate", byCert, map[string]string{"CLIENT_CERT_KEY_FILE": files["encrypted"]}, []string{
			"CLIENT_CERT_KEY_FILE cannot be used: " + files["encrypted"] + " has an encrypted key: decrypt it, as with openssl pkey -in key.pem -out plain.pem",
		}},
		{"a certificate and more", byCert, map[string]string{"CLIENT_SECRET": "x", "CLIENT_KEY_FILE": "x", "CLIENT_KEY_ALG": "x"}, []string{
			"CLIENT_SECRET has no meaning with AUTH=tls_client_auth: remove it, or change that",
			"CLIENT_KEY_FILE has no meaning with AUTH=tls_client_auth: remove it, or change that",
			"CLIENT_KEY_ALG has no meaning with AUTH=tls_client_auth: remove it, or change that",
		}},
		{"a certificate without TLS", byCert, map[string]string{"SERVER": "http://127.0.0.1/introspect"}, []string{"SERVER is http://, where no certificate is presented: use https"}},
		{"bearer with a bad key", bearer, map[string]string{"CLIENT_KEY_ALG": "HS256", "TOKEN_URL": "as.test", "TOKEN_SCOPE": `"`}, []string{
			`CLIENT_KEY_ALG is "HS256", want one of ["RS256" "PS256" "ES256" "EdDSA"], or none for that of the key`,
			"TOKEN_URL has no scheme: put https:// in front", "TOKEN_SCOPE has the character '\"', which a scope cannot have (RFC 6749 section 3.3)",
		}},
		{"bearer with settings of a key", bearer, map[string]string{"CLIENT_KEY_FILE": "", "CLIENT_SECRET": "s3cret", "CLIENT_KEY_ID": "k"}, []string{
			"CLIENT_KEY_ID has no meaning with AUTH=bearer and no CLIENT_KEY_FILE: remove it, or change that",
		}},
		{"bearer with a key and a secret", bearer, map[string]string{"CLIENT_SECRET": "x"}, []string{
			"CLIENT_SECRET has no meaning with a key or an assertion in its place: remove it, or change that",
		}},
		{"a secret and a key", basic, map[string]string{"CLIENT_KEY_FILE": files["key"], "CLIENT_ASSERTION_FILE": "x", "ASSERTION_AUDIENCE": "x"}, []string{
			"CLIENT_KEY_FILE has no meaning with AUTH other than private_key_jwt and bearer: remove it, or change that",
			"CLIENT_ASSERTION_FILE has no meaning with AUTH other than private_key_jwt and bearer: remove it, or change that",
			"ASSERTION_AUDIENCE has no meaning with AUTH other than private_key_jwt and bearer: remove it, or change that",
		}},
		{"a key and a wrong AUTH", byKey, map[string]string{"AUTH": "private-key-jwt"}, []string{`AUTH is "private-key-jwt", want basic, basic-raw, post, private_key_jwt, tls_client_auth or bearer`}},
		{"MobileFirst 8 and a key", mfp8, map[string]string{"CLIENT_KEY_FILE": files["key"]}, []string{"CLIENT_KEY_FILE has no meaning with the profile mobilefirst8: remove it, or change that"}},
		{"MobileFirst 7 and a key", mfp7, map[string]string{"CLIENT_KEY_FILE": files["key"]}, []string{"CLIENT_KEY_FILE has no meaning with the profile mobilefirst7: remove it, or change that"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := map[string]string{"PROFILE": "rfc7662", "SERVER": "https://as.test/introspect", "CLIENT_ID": "rs1", "AUDIENCE": "any"}
			for _, more := range []map[string]string{tt.base, tt.set} {
				for name, value := range more {
					set[name] = value
				}
			}
			c, err := core.FromLookup(from(set), "")
			if err == nil {
				_, err = core.New(c)
			}
			got := strings.Split(strings.ReplaceAll(strings.TrimPrefix(fmt.Sprint(err), "<nil>"), "core: ", ""), "\n")
			if want := tt.want; !slices.Equal(got, want) && !(len(want) == 0 && got[0] == "") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// What the environment names is what is sent, to the introspection endpoint and to the token endpoint.
func TestFromLookupSendsCredentials(t *testing.T) {
	files := newKeyFiles(t)
	for _, tt := range []struct {
		name string
		set  map[string]string
		path string // whose request is looked at
		form map[string]string
	}{
		{"a key", map[string]string{"AUTH": "private_key_jwt", "CLIENT_KEY_FILE": files["key"]}, "/introspect", map[string]string{"client_id": "rs1"}},
		{"an assertion", map[string]string{"AUTH": "private_key_jwt", "CLIENT_ASSERTION_FILE": files["assertion"]}, "/introspect", map[string]string{"client_id": "rs1", "client_assertion": "a.b.c"}},
		{"bearer with a key", map[string]string{"AUTH": "bearer", "TOKEN_URL": "https://as.test/token", "CLIENT_KEY_FILE": files["key"]}, "/token", map[string]string{"client_id": "rs1", "grant_type": "client_credentials"}},
		{"bearer with an assertion", map[string]string{"AUTH": "bearer", "TOKEN_URL": "https://as.test/token", "CLIENT_ASSERTION_FILE": files["assertion"]}, "/token", map[string]string{"client_assertion": "a.b.c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := map[string]string{"PROFILE": "rfc7662", "SERVER": "https://as.test/introspect", "CLIENT_ID": "rs1", "AUDIENCE": "any", "ISSUER": "https://as.test"}
			for name, value := range tt.set {
				set[name] = value
			}
			c, err := core.FromLookup(from(set), "")
			if err != nil {
				t.Fatal(err)
			}
			srv := &registrar{}
			c.Transport = srv
			if err := verifier(t, c).Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := srv.seen[0]
			if r.URL.Path != tt.path || r.Header.Get("Authorization") != "" || r.Form.Has("client_secret") || r.Form.Get("client_assertion") == "" {
				t.Errorf("%s got %v and %v", r.URL.Path, r.Header, r.Form)
			}
			for name, value := range tt.form {
				if r.Form.Get(name) != value {
					t.Errorf("%s is %q, want %q", name, r.Form.Get(name), value)
				}
			}
			if last := srv.seen[len(srv.seen)-1]; tt.path == "/token" && (last.Header.Get("Authorization") != "Bearer t0k3n" || last.Form.Has("client_assertion")) {
				t.Errorf("the introspection endpoint got %v and %v", last.Header, last.Form)
			}
		})
	}
}

// CC-56: the certificate of the environment is presented.
func TestFromLookupPresentsTheCertificate(t *testing.T) {
	files := newKeyFiles(t)
	cert, err := tls.LoadX509KeyPair(files["tls.crt"], files["tls.key"])
	if err != nil {
		t.Fatal(err)
	}
	g := newGatekeeper(t, cert)
	c, err := core.FromLookup(from(map[string]string{
		"PROFILE": "rfc7662", "SERVER": g.url, "CLIENT_ID": "rs1", "AUDIENCE": "any", "AUTH": "tls_client_auth", "CA_FILE": g.caFile,
		"CLIENT_CERT_FILE": files["tls.crt"], "CLIENT_CERT_KEY_FILE": files["tls.key"],
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier(t, c).Ready(t.Context()); err != nil || g.last().PostForm.Get("client_id") != "rs1" {
		t.Errorf("Ready: %v", err)
	}
}
