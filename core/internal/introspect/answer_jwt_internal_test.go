package introspect

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	theIssuer   = "https://as.invalid"
	theAudience = "rs1"
)

// signer is a server that signs its answers.
type signer struct {
	key  crypto.Signer
	kid  string
	keys *httptest.Server
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &signer{key: key, kid: "k1"}
	s.keys = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(gojose.JSONWebKeySet{Keys: []gojose.JSONWebKey{{Key: s.key.Public(), KeyID: s.kid, Use: "sig"}}})
	}))
	t.Cleanup(s.keys.Close)
	return s
}

// verifier checks what s signs.
func (s *signer) verifier() *verifier {
	keeper := jose.NewKeeper(jose.Options{URL: s.keys.URL, Transport: http.DefaultTransport, Timeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler)})
	return &verifier{
		JWTAnswers: JWTAnswers{KeysURL: s.keys.URL, Issuer: theIssuer, Audience: theAudience, Algorithms: jose.Algorithms},
		ready:      keeper.Ready, verify: keeper.Verify, leeway: time.Minute,
	}
}

func (s *signer) sign(t testing.TB, typ string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Sign(s.key, jose.Header{KeyID: s.kid, Type: typ}, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// claimsOf are those of an answer about an active token, changed.
func claimsOf(change map[string]any) map[string]any {
	c := map[string]any{
		"iss": theIssuer, "aud": theAudience, "iat": time.Now().Unix(),
		"token_introspection": map[string]any{"active": true, "scope": "read", "sub": "alice", "exp": time.Now().Add(time.Hour).Unix()},
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func answerWith(status int, kind, body string) *endpoint.Response {
	return &endpoint.Response{Status: status, Header: http.Header{"Content-Type": {kind}}, Body: []byte(body)}
}

// SV-06: signed answers (RFC 9701), and nothing in their place.
func TestSignedAnswer(t *testing.T) {
	s := newSigner(t)
	now := time.Now()
	inner := func(members string) json.RawMessage { return json.RawMessage(members) }
	with := func(name string, value any) string {
		return s.sign(t, typeSigned, claimsOf(map[string]any{name: value}))
	}
	good := s.sign(t, typeSigned, claimsOf(nil))
	stranger := newSigner(t)
	for _, tt := range []struct {
		name, kind, body string
		want             string // active, inactive, or part of the error
	}{
		{"a good answer", mediaSigned, good, "active"},
		{"with parameters and in another case", "Application/Token-Introspection+JWT; charset=utf-8", good, "active"},
		{"with the whole media type in typ", mediaSigned, s.sign(t, mediaSigned, claimsOf(nil)), "active"},
		{"an inactive token", mediaSigned, with("token_introspection", inner(`{"active":false}`)), "inactive"},
		{"JI-02: plain JSON", mediaJSON, `{"active":true}`, "not signed"},
		{"JI-02: an inactive answer in plain JSON", mediaJSON, `{"active":false}`, "not signed"},
		{"JI-02: another media type", "application/jwt", good, "not signed"},
		{"JI-03: typ JWT", mediaSigned, s.sign(t, "JWT", claimsOf(nil)), `"typ"`},
		{"JI-03 JI-09 A77: an access token", mediaSigned, s.sign(t, "at+jwt", claimsOf(nil)), `"typ"`},
		{"JI-03: no typ", mediaSigned, s.sign(t, "", claimsOf(nil)), `"typ"`},
		{"JI-04: another issuer", mediaSigned, with("iss", "https://evil.invalid"), "another issuer"},
		{"JI-04: no issuer", mediaSigned, with("iss", nil), "another issuer"},
		{"JI-04: an issuer that is a list", mediaSigned, with("iss", []string{theIssuer}), "cannot be read"},
		{"JI-05: another audience", mediaSigned, with("aud", "rs2"), "another service"},
		{"JI-05: no audience", mediaSigned, with("aud", nil), "another service"},
		{"JI-05: one of several", mediaSigned, with("aud", []string{"rs2", theAudience}), "active"},
		{"JI-06: none", mediaSigned, unsigned(claimsOf(nil)), "cannot be trusted"},
		{"JI-06: the public key as a secret", mediaSigned, withPublicKeyAsSecret(s, claimsOf(nil)), "cannot be trusted"},
		{"JI-06: a flipped bit", mediaSigned, flipped(good), "cannot be trusted"},
		{"JI-06: a key of another server", mediaSigned, stranger.sign(t, typeSigned, claimsOf(nil)), "cannot be trusted"},
		{"JI-07: active outside, inactive inside", mediaSigned, s.sign(t, typeSigned, claimsOf(map[string]any{
			"active": true, "token_introspection": inner(`{"active":false}`),
		})), "inactive"},
		{"JI-07: nothing inside", mediaSigned, s.sign(t, typeSigned, claimsOf(map[string]any{"active": true, "token_introspection": nil})), "token_introspection"},
		{"JI-07: a string inside", mediaSigned, with("token_introspection", `{"active":true}`), "want an object"},
		{"JI-10: no iat", mediaSigned, with("iat", nil), `"iat"`},
		{"JI-10: an hour old", mediaSigned, with("iat", now.Add(-time.Hour).Unix()), "compare the clocks"},
		{"JI-10: a clock off by minutes", mediaSigned, with("iat", now.Add(5*time.Minute).Unix()), "compare the clocks"},
		{"JI-10: half a minute", mediaSigned, with("iat", now.Add(-30*time.Second).Unix()), "active"},
		{"JI-10: in milliseconds", mediaSigned, with("iat", now.UnixMilli()), "milliseconds"},
		{"JI-11: encrypted", mediaSigned, encrypted(t, s, claimsOf(nil)), "cannot be trusted"},
		{"JI-11: five parts", mediaSigned, "a.b.c.d.e", "cannot be trusted"},
		{"no body", mediaSigned, "", "cannot be trusted"},
		{"null", mediaSigned, "null", "cannot be trusted"},
		{"a payload that is no object", mediaSigned, signedBytes(t, s, `[1]`), "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := NewRFC7662("https://as.invalid/introspect", "api", &JWTAnswers{})
			r, err := server.read(t.Context(), answerWith(200, tt.kind, tt.body), s.verifier())
			wantReading(t, r, err, tt.want)
			if err != nil && !isForeign(err) {
				t.Errorf("%v is no reason to look at the endpoint", err)
			}
		})
	}
}

// JI-10: a signed answer is as old as the leeway at most, and not from further ahead.
func TestFresh(t *testing.T) {
	v := &verifier{leeway: time.Minute}
	claims, err := strictjson.ParseLenient([]byte(`{"iat":1700000000}`))
	if err != nil {
		t.Fatal(err)
	}
	made := time.Unix(1_700_000_000, 0)
	for age, good := range map[time.Duration]bool{
		time.Minute: true, time.Minute + time.Second: false, -time.Minute: true, -time.Minute - time.Second: false,
	} {
		if err := v.fresh(claims, made.Add(age)); (err == nil) != good {
			t.Errorf("%v old: %v, want good: %v", age, err, good)
		}
	}
}

// wantReading checks what was read: "active", "inactive", or a part of the error.
func wantReading(t *testing.T, r reading, err error, want string) {
	t.Helper()
	switch {
	case want == "active" && (err != nil || !r.in.Active):
		t.Errorf("read %+v, %v, want an active answer", r.in, err)
	case want == "inactive" && (err != nil || r.in.Active):
		t.Errorf("read %+v, %v, want an inactive answer", r.in, err)
	case want != "active" && want != "inactive" && (err == nil || r.in != nil || !strings.Contains(err.Error(), want)):
		t.Errorf("read %+v, %v, want an error with %q", r.in, err, want)
	}
}

// JI-08: the end of the JWT itself is not that of the token.
func TestEndOfSignedAnswer(t *testing.T) {
	s := newSigner(t)
	past := time.Now().Add(-time.Hour).Unix()
	body := s.sign(t, typeSigned, claimsOf(map[string]any{
		"exp": time.Now().Add(time.Hour).Unix(), "sub": "mallory",
		"token_introspection": map[string]any{"active": true, "exp": past, "sub": "alice"},
	}))
	r, err := NewRFC7662("https://as.invalid/introspect", "api", &JWTAnswers{}).read(t.Context(), answerWith(200, mediaSigned, body), s.verifier())
	if err != nil || r.in.Expires != Instant(past*1000) || r.in.Subject() != "alice" {
		t.Errorf("read %+v, %v, want what stands inside", r.in, err)
	}
}

// A server whose keys cannot be got has not answered; that is no evidence about the endpoint.
func TestSignedAnswerWithoutKeys(t *testing.T) {
	s := newSigner(t)
	body := s.sign(t, typeSigned, claimsOf(nil))
	s.keys.Close()
	_, err := NewRFC7662("https://as.invalid/introspect", "api", &JWTAnswers{}).read(t.Context(), answerWith(200, mediaSigned, body), s.verifier())
	e, ok := errors.AsType[*tokensource.EndpointError](err)
	if !ok || e.Endpoint != "keys" || e.URL != s.keys.URL {
		t.Errorf("read: %v, want an error of the keys at %s", err, s.keys.URL)
	}
}

func signedBytes(t *testing.T, s *signer, payload string) string {
	t.Helper()
	token, err := jose.Sign(s.key, jose.Header{KeyID: s.kid, Type: typeSigned}, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// segments is the first two parts of a JWT.
func segments(header string, claims map[string]any) string {
	payload, _ := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload)
}

func unsigned(claims map[string]any) string {
	return segments(`{"alg":"none","typ":"token-introspection+jwt"}`, claims) + "."
}

func withPublicKeyAsSecret(s *signer, claims map[string]any) string {
	der, _ := x509.MarshalPKIXPublicKey(s.key.Public())
	text := segments(fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":"token-introspection+jwt"}`, s.kid), claims)
	mac := hmac.New(sha256.New, der)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// flipped changes one bit of the payload.
func flipped(token string) string {
	b := []byte(token)
	i := strings.IndexByte(token, '.') + 10
	b[i] ^= 1
	return string(b)
}

func encrypted(t *testing.T, s *signer, claims map[string]any) string {
	t.Helper()
	enc, err := gojose.NewEncrypter(gojose.A128GCM, gojose.Recipient{Algorithm: gojose.RSA_OAEP, Key: s.key.Public()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(claims)
	jwe, err := enc.Encrypt(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := jwe.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// Other algorithms than RSA's work, too.
func TestSignedAnswerWithES256(t *testing.T) {
	s := newSigner(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.key = key
	r, err := NewRFC7662("https://as.invalid/introspect", "api", &JWTAnswers{}).
		read(t.Context(), answerWith(200, mediaSigned, s.sign(t, typeSigned, claimsOf(nil))), s.verifier())
	wantReading(t, r, err, "active")
}
