package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
)

const keysURL = "https://as.test/keys"

// The keys of the tests are made once.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return newEC(elliptic.P256()) })
	edKey    = sync.OnceValue(newEd)
)

func newRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func newEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func newEd() ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// member is a JWK, or a part of one.
type member map[string]any

// jwk is the JWK of the key's public part, with more members.
func jwk(key crypto.Signer, more member) member {
	m := member{}
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		m = member{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		size := len(point) / 2
		m = member{"kty": "EC", "crv": k.Curve.Params().Name, "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])}
	case ed25519.PublicKey:
		m = member{"kty": "OKP", "crv": "Ed25519", "x": b64(k)}
	}
	maps.Copy(m, more)
	return m
}

// set is a JWK Set of the given keys, which may be of any type.
func set(keys ...any) string {
	if keys == nil {
		keys = []any{}
	}
	return text(member{"keys": keys})
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// sign is jose.Sign, which must succeed.
func sign(t testing.TB, key crypto.Signer, alg, kid string) string {
	t.Helper()
	token, err := jose.Sign(key, jose.Header{Algorithm: alg, KeyID: kid}, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

const payload = "{ \"iss\" : \"rs1\",\r\n\"iss\":1.0, canary"

// served is a transport that answers each request with the same document.
func served(document string) http.RoundTripper {
	return roundtrip.Func(func(*http.Request) (*http.Response, error) { return ok(document), nil })
}

func ok(document string, header ...string) *http.Response { return answer(200, document, header...) }

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// keeper is a Keeper of the document.
func keeper(document string) *jose.Keeper {
	return jose.NewKeeper(jose.Options{URL: keysURL, Transport: served(document), Log: slog.New(slog.DiscardHandler)})
}
