package jose_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
)

// A signature of each algorithm is verified, with the kid and without, and the payload is what was
// signed, byte for byte.
func TestVerify(t *testing.T) {
	k := keeper(set(jwk(rsaKey(), member{"kid": "r"}), jwk(ecKey(), member{"kid": "e", "use": "sig"}),
		jwk(edKey(), member{"kid": "d", "key_ops": []string{"verify"}})))
	tests := []struct {
		alg, kid string
		key      crypto.Signer
	}{
		{jose.RS256, "r", rsaKey()},
		{jose.PS256, "r", rsaKey()},
		{jose.ES256, "e", ecKey()},
		{jose.EdDSA, "d", edKey()},
	}
	for _, tt := range tests {
		for _, kid := range []string{tt.kid, ""} {
			token, err := jose.Sign(tt.key, jose.Header{Algorithm: tt.alg, KeyID: kid, Type: "at+jwt"}, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			v, err := k.Verify(t.Context(), token, jose.Algorithms)
			if err != nil {
				t.Errorf("%s with kid %q: %v", tt.alg, kid, err)
				continue
			}
			if want := (jose.Header{Algorithm: tt.alg, KeyID: kid, Type: "at+jwt"}); v.Header != want || string(v.Payload) != payload {
				t.Errorf("%s: %+v, %q", tt.alg, v.Header, v.Payload)
			}
		}
	}
}

// The examples of RFC 7515 appendix A.2 and A.3 and of RFC 8037 appendix A.4.
func TestVerifyRFC(t *testing.T) {
	for _, token := range rfcTokens {
		if _, err := keeper(rfcKeys).Verify(t.Context(), token, jose.Algorithms); err != nil {
			t.Errorf("%s: %v", token, err)
		}
	}
}

// compact is a token with this header, signed with the key for RS256 whatever the header is.
func compact(t testing.TB, header string) string {
	t.Helper()
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	sig, err := rsaKey().Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(sig)
}

// hs256 is a token that is signed with a shared secret.
func hs256(secret []byte) string {
	input := b64([]byte(`{"alg":"HS256","kid":"canary"}`)) + "." + b64([]byte(payload))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

// JI-06, JI-11, A15: what is no signature of the server's key is refused, each with its error, and
// no text repeats anything of the token.
func TestVerifyRefuses(t *testing.T) {
	der, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	good := sign(t, rsaKey(), jose.RS256, "canary")
	parts := strings.Split(good, ".")
	foreign := text(jwk(otherRSA(), nil))
	tests := []struct {
		name  string
		token string
		want  error
	}{
		{"nothing", "", jose.ErrMalformed},
		{"no JWS", "canary", jose.ErrMalformed},
		{"two parts", parts[0] + "." + parts[1], jose.ErrMalformed},
		{"a JWE", b64([]byte(`{"alg":"RSA-OAEP","enc":"A256GCM"}`)) + ".canary.canary.canary.canary", jose.ErrMalformed},
		{"the JSON serialization", `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, jose.ErrMalformed},
		{"two signatures", `{"payload":"` + parts[1] + `","signatures":[{},{}]}.canary.x`, jose.ErrMalformed},
		{"a line break", good + "\n", jose.ErrMalformed},
		{"a blank", good + " ", jose.ErrMalformed},
		{"padding", parts[0] + "." + parts[1] + "." + parts[2] + "==", jose.ErrMalformed},
		{"a header that is no JSON", compact(t, "canary"), jose.ErrMalformed},
		{"a name twice", compact(t, `{"alg":"none","alg":"RS256","kid":"canary"}`), jose.ErrMalformed},
		{"alg in capitals", compact(t, `{"ALG":"RS256","kid":"canary"}`), jose.ErrMalformed},
		{"no alg", compact(t, `{"kid":"canary"}`), jose.ErrMalformed},
		{"alg is a list", compact(t, `{"alg":["RS256"],"kid":"canary"}`), jose.ErrMalformed},
		{"kid is a number", compact(t, `{"alg":"RS256","kid":1}`), jose.ErrMalformed},
		{"typ is a number", compact(t, `{"alg":"RS256","kid":"canary","typ":1}`), jose.ErrMalformed},
		{"crit", compact(t, `{"alg":"RS256","kid":"canary","crit":["exp"],"exp":1}`), jose.ErrMalformed},
		{"crit with what go-jose knows", compact(t, `{"alg":"RS256","kid":"canary","crit":["b64"],"b64":true}`), jose.ErrMalformed},
		{"crit that is empty", compact(t, `{"alg":"RS256","kid":"canary","crit":[]}`), jose.ErrMalformed},
		{"b64", compact(t, `{"alg":"RS256","kid":"canary","b64":false}`), jose.ErrMalformed},
		{"a private key in the header", compact(t, `{"alg":"RS256","kid":"canary","jwk":{"kty":"oct","k":"AAAA"}}`), jose.ErrMalformed},
		{"none", b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", jose.ErrAlgorithm},
		{"none with a signature", compact(t, `{"alg":"none","kid":"canary"}`), jose.ErrAlgorithm},
		{"None", b64([]byte(`{"alg":"None"}`)) + "." + parts[1] + ".", jose.ErrAlgorithm},
		{"HS256 with the public key as DER", hs256(der), jose.ErrAlgorithm},
		{"HS256 with the public key as PEM", hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), jose.ErrAlgorithm},
		{"HS256 with the modulus", hs256(rsaKey().N.Bytes()), jose.ErrAlgorithm},
		{"HS256 with the JWK", hs256([]byte(text(jwk(rsaKey(), nil)))), jose.ErrAlgorithm},
		{"RS512", compact(t, `{"alg":"RS512","kid":"canary"}`), jose.ErrAlgorithm},
		{"another algorithm of the key's type", sign(t, rsaKey(), jose.PS256, "canary"), jose.ErrAlgorithm},
		{"another type of key", sign(t, ecKey(), jose.ES256, "canary"), jose.ErrAlgorithm},
		{"an unknown kid", sign(t, rsaKey(), jose.RS256, "canary2"), jose.ErrUnknownKey},
		{"no kid and no key of this type", sign(t, ecKey(), jose.ES256, ""), jose.ErrUnknownKey},
		{"another key of this name", sign(t, otherRSA(), jose.RS256, "canary"), jose.ErrSignature},
		{"another key without a name", sign(t, otherRSA(), jose.RS256, ""), jose.ErrSignature},
		{"no signature", parts[0] + "." + parts[1] + ".", jose.ErrSignature},
		{"the key in the header", foreignCompact(t, `{"alg":"RS256","kid":"canary","jwk":`+foreign+`}`), jose.ErrSignature},
		{"the address of the key in the header", foreignCompact(t, `{"alg":"RS256","kid":"canary","jku":"https://evil.test/keys","x5u":"https://evil.test/c"}`), jose.ErrSignature},
		{"an issuer in the header", foreignCompact(t, `{"alg":"RS256","kid":"../../evil.test","iss":"https://as.test@evil.test/"}`), jose.ErrUnknownKey},
	}
	document := set(jwk(rsaKey(), member{"kid": "canary", "alg": "RS256"}))
	k := jose.NewKeeper(jose.Options{
		URL: keysURL, Log: slog.New(slog.DiscardHandler),
		Transport: roundtrip.Func(func(r *http.Request) (*http.Response, error) {
			if r.URL.String() != keysURL { // A15: nothing of a token says where keys come from
				t.Errorf("a request to %s", r.URL)
			}
			return ok(document), nil
		}),
	})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := k.Verify(t.Context(), tt.token, jose.Algorithms)
			if !errors.Is(err, tt.want) || v != nil {
				t.Fatalf("Verify = %v, %v, want %v", v, err, tt.want)
			}
			for _, s := range []error{jose.ErrMalformed, jose.ErrAlgorithm, jose.ErrUnknownKey, jose.ErrSignature, jose.ErrNoKeys} {
				if s != tt.want && errors.Is(err, s) {
					t.Errorf("%v is also %v", err, s)
				}
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the text repeats the token: %v", err)
			}
		})
	}
	if _, err := k.Verify(t.Context(), good, jose.Algorithms); err != nil {
		t.Errorf("the good token: %v", err)
	}
	if _, err := k.Verify(t.Context(), compact(t, `{"alg":"RS256","kid":"canary","jwk":`+foreign+`}`), jose.Algorithms); err != nil {
		t.Errorf("a good token with a key in its header: %v", err) // MobileFirst puts one there
	}
}

// foreignCompact is compact with the key of a stranger.
func foreignCompact(t testing.TB, header string) string {
	t.Helper()
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	sig, err := otherRSA().Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(sig)
}
