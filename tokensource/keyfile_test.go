package tokensource_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/selfsigned"
	"github.com/mfpguard/mfpguard/tokensource"
)

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// isPublicOf reports whether key is the private key of want.
func isPublicOf(key crypto.Signer, want crypto.PublicKey) bool {
	return key != nil && key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(want)
}

// A key file may be of each usual kind. What is wrong with it is told with the fix, and without what is in it.
func TestKeyFile(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed := newKey(t)
	sec1, err := x509.MarshalECPrivateKey(e)
	if err != nil {
		t.Fatal(err)
	}
	encrypted := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("canary")}))
	const decrypt, wantKey = "has an encrypted key: decrypt it, as with openssl pkey -in key.pem -out plain.pem", "has no private key in it: want PEM, which begins with -----BEGIN PRIVATE KEY-----"
	for _, tt := range []struct {
		name, text string
		key        crypto.PublicKey
		want       string
	}{
		{"PKCS #8, RSA", block("PRIVATE KEY", pkcs8(t, r)), r.Public(), ""},
		{"PKCS #8, ECDSA", block("PRIVATE KEY", pkcs8(t, e)), e.Public(), ""},
		{"PKCS #8, Ed25519", block("PRIVATE KEY", pkcs8(t, ed)), ed.Public(), ""},
		{"PKCS #1", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)), r.Public(), ""},
		{"SEC 1 with its parameters", block("EC PARAMETERS", []byte{6, 1, 1}) + block("EC PRIVATE KEY", sec1), e.Public(), ""},
		{"a byte order mark", "\ufeff" + block("PRIVATE KEY", pkcs8(t, e)), e.Public(), ""},
		{"a certificate in front", block("CERTIFICATE", []byte("x")) + block("PRIVATE KEY", pkcs8(t, e)), e.Public(), ""},
		{"encrypted PKCS #8", block("ENCRYPTED PRIVATE KEY", []byte("canary")), nil, decrypt},
		{"an encrypted old one", encrypted, nil, decrypt},
		{"OpenSSH's", block("OPENSSH PRIVATE KEY", []byte("canary")), nil, "has a key of another format: convert it"},
		{"a damaged one", block("PRIVATE KEY", []byte("canary")), nil, "has a damaged private key: export it again"},
		{"X25519", block("PRIVATE KEY", pkcs8(t, x)), nil, "has a key that cannot sign: want RSA, ECDSA or Ed25519"},
		{"a certificate", block("CERTIFICATE", []byte("canary")), nil, wantKey},
		{"a public key", block("PUBLIC KEY", []byte("canary")), nil, wantKey},
		{"text", "canary", nil, wantKey},
		{"nothing", "", nil, wantKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key.pem")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			key, err := tokensource.KeyFile(file)(t.Context())
			if tt.want == "" {
				if err != nil || !isPublicOf(key, tt.key) {
					t.Errorf("KeyFile: %v", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), file+" "+tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("KeyFile: %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := tokensource.KeyFile("/nowhere/key.pem")(t.Context()); !strings.Contains(fmt.Sprint(err), "open /nowhere/key.pem") {
		t.Errorf("KeyFile: %v", err)
	}
}

// CC-57: files are looked at once a second, by one caller; a bad one leaves what was good.
func TestFilesRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := certificate(t), certificate(t)
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
		cert, key := tokensource.CertificateFiles(certFile, keyFile), tokensource.KeyFile(keyFile)
		want := func(want tls.Certificate) {
			t.Helper()
			for range 3 {
				got, err := cert(&tls.CertificateRequestInfo{})
				if err != nil || !got.Leaf.Equal(want.Leaf) {
					t.Errorf("another certificate, %v", err)
				}
				if k, err := key(t.Context()); err != nil || !isPublicOf(k, want.Leaf.PublicKey) {
					t.Errorf("another key, %v", err)
				}
			}
		}
		if _, err := cert(&tls.CertificateRequestInfo{}); err == nil {
			t.Error("there is a certificate without a file")
		}
		writePair(t, first, certFile, keyFile) // what was bad is looked at again at once
		want(first)
		writePair(t, second, certFile, keyFile)
		time.Sleep(999 * time.Millisecond)
		want(first)
		time.Sleep(time.Millisecond)
		want(second)

		text, _, err := selfsigned.PEM(first) // a certificate that does not fit the key
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{string(text), "", "canary"} {
			if err := os.WriteFile(certFile, []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			want(second)
		}
		if err := os.Remove(keyFile); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		want(second)
		writePair(t, first, certFile, keyFile)
		time.Sleep(time.Second)
		want(first)
	})
}

func TestCertificateFilesMistakes(t *testing.T) {
	first, second := certificate(t), certificate(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, first, certFile, keyFile)
	writePair(t, second, filepath.Join(dir, "unused"), keyFile)
	for _, tt := range []struct{ cert, key, want string }{
		{certFile, keyFile, certFile + " with the key in " + keyFile + ": tls: private key does not match public key"},
		{certFile, certFile, certFile + " has no private key in it"},
		{keyFile, keyFile, keyFile + " with the key in " + keyFile + ": tls: failed to find"},
		{"/nowhere/tls.crt", keyFile, "open /nowhere/tls.crt"},
	} {
		if _, err := tokensource.CertificateFiles(tt.cert, tt.key)(nil); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// Files are read by many at once.
func TestFilesConcurrently(t *testing.T) {
	first := certificate(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, first, certFile, keyFile)
	get := tokensource.CertificateFiles(certFile, keyFile)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := get(nil); err != nil || !got.Leaf.Equal(first.Leaf) {
				t.Errorf("another certificate, %v", err)
			}
		})
	}
	all.Wait()
}
