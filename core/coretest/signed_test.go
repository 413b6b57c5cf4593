package coretest_test

import (
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// 17.C/C9, JI-03 to JI-10: what a signed answer has.
func TestSignedAnswers(t *testing.T) {
	srv := coretest.New()
	curity := srv.Mint(coretest.Grant{Dialect: coretest.Curity, ClientID: "app-1", Scope: "read"})
	rfc7662 := srv.Mint(coretest.Grant{Dialect: coretest.RFC7662, ClientID: "app-1", Scope: "read"})
	key := keySet(t, srv, coretest.RFC7662)[0]

	header, claims := verified(t, key, askAt(t, srv, coretest.Curity, curity, "application/jwt"))
	if string(claims["sub"]) != `"app-1"` || string(claims["iss"]) != `"https://mfp.invalid/oauth/v2/oauth-anonymous"` || claims["active"] != nil {
		t.Errorf("Curity: header %s, claims %s", header, claims)
	}
	header, claims = verified(t, key, askAt(t, srv, coretest.RFC7662, rfc7662, "application/token-introspection+jwt"))
	if string(claims["iss"]) != `"https://mfp.invalid"` || string(claims["aud"]) != `"test"` || claims["exp"] != nil || string(header["typ"]) != `"token-introspection+jwt"` {
		t.Errorf("RFC 9701: header %s, claims %s", header, claims)
	}
	var in struct {
		Active   bool
		ClientID string `json:"client_id"`
	}
	if err := json.Unmarshal(claims["token_introspection"], &in); err != nil || !in.Active || in.ClientID != "app-1" {
		t.Errorf("token_introspection is %s", claims["token_introspection"])
	}
	if token := srv.Mint(coretest.Grant{Dialect: coretest.RFC7662, JWT: true}); len(token) > 0 {
		header, claims = verified(t, key, token)
		if string(header["typ"]) != `"at+jwt"` || claims["jti"] == nil || string(claims["iss"]) != `"https://mfp.invalid"` {
			t.Errorf("RFC 9068: header %s, claims %s", header, claims)
		}
	}
}

// What SetAnswer says is signed as well, and decides whether Curity has a JWT to send.
func TestSignedSetAnswer(t *testing.T) {
	srv := coretest.New()
	key := keySet(t, srv, coretest.Curity)[0]
	srv.SetAnswer("a", `{"active":true,"n":1}`)
	if _, claims := verified(t, key, askAt(t, srv, coretest.Curity, "a", "application/jwt")); string(claims["n"]) != "1" {
		t.Errorf("the claims are %s", claims)
	}
	srv.SetAnswer("a", `{"active":"true"}`)
	if got := askAt(t, srv, coretest.Curity, "a", "application/jwt"); got != "" {
		t.Errorf("got %s, want 204", got)
	}
	srv.SetAnswer("a", `no JSON`)
	if got := askAt(t, srv, coretest.RFC7662, "a", "application/token-introspection+jwt"); got != "no JSON" {
		t.Errorf("got %s", got)
	}
}

// JI-06: faults of signatures.
func TestFaultsOfJWTs(t *testing.T) {
	srv := coretest.New()
	key := keySet(t, srv, coretest.Curity)[0]
	token := srv.Mint(coretest.Grant{Dialect: coretest.Curity})
	jwt := func() string { return askAt(t, srv, coretest.Curity, token, "application/jwt") }

	srv.Inject(coretest.Introspection, 1, srv.EditJWT(func(header, claims map[string]any) {
		header["typ"], claims["aud"] = "JWT", "other"
	}))
	if header, claims := verified(t, key, jwt()); string(header["typ"]) != `"JWT"` || string(claims["aud"]) != `"other"` {
		t.Errorf("header %s, claims %s", header, claims)
	}
	srv.Inject(coretest.Introspection, 1, srv.EditJWT(func(header, _ map[string]any) { header["alg"] = "none" }))
	if got := jwt(); !strings.HasSuffix(got, ".") {
		t.Errorf("%s has a signature", got)
	}
	srv.Inject(coretest.Introspection, 1, coretest.BadSignature())
	if got := jwt(); verifies(key, got) {
		t.Errorf("%s has a good signature", got)
	}
	srv.Inject(coretest.Introspection, 2, coretest.BadSignature(), srv.EditJWT(func(map[string]any, map[string]any) { t.Error("JSON was edited") }))
	for _, body := range []string{`{"a":"1.2.3"}`, "a.b"} {
		srv.SetAnswer(token, body)
		if got := askAt(t, srv, coretest.Curity, token, ""); got != body {
			t.Errorf("an answer that is no JWT became %s", got)
		}
	}
}

// The key set keeps the previous key.
func TestRotateKey(t *testing.T) {
	srv := coretest.New()
	first := keySet(t, srv, coretest.RFC7662)
	srv.RotateKey()
	second := keySet(t, srv, coretest.RFC7662)
	srv.RotateKey()
	third := keySet(t, srv, coretest.RFC7662)
	if len(first) != 1 || len(second) != 2 || len(third) != 2 || !second[1].Equal(first[0]) || !third[1].Equal(second[0]) || third[0].Equal(first[0]) {
		t.Error("want 1 key, then the new one and the previous one")
	}
	verified(t, third[0], srv.Mint(coretest.Grant{Dialect: coretest.RFC7662, JWT: true}))
	srv.Restart()
	if last := keySet(t, srv, coretest.RFC7662); len(last) != 1 || last[0].Equal(third[0]) {
		t.Error("a restarted server has an old key")
	}
}

// askAt introspects as the client "test" and returns the body of the answer.
func askAt(t *testing.T, srv *coretest.Server, d coretest.Dialect, token, accept string) string {
	t.Helper()
	r := newRequest(t, srv, http.MethodPost, strings.TrimPrefix(srv.EndpointURL(d, coretest.Introspection), srv.URL), basic("test", "test"), form("token", token))
	r.Header.Set("Accept", accept)
	a, err := do(srv, r)
	if err != nil {
		t.Fatal(err)
	}
	return a.body
}

func keySet(t *testing.T, srv *coretest.Server, d coretest.Dialect) (keys []*rsa.PublicKey) {
	t.Helper()
	a, err := do(srv, newRequest(t, srv, http.MethodGet, strings.TrimPrefix(srv.EndpointURL(d, coretest.Keys), srv.URL), "", ""))
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ N string } }
	if err := json.Unmarshal([]byte(a.body), &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		keys = append(keys, &rsa.PublicKey{N: new(big.Int).SetBytes(decode(t, k.N)), E: 65537})
	}
	return keys
}

// verified checks a signature and returns the header and the claims.
func verified(t *testing.T, key *rsa.PublicKey, token string) (header, claims map[string]json.RawMessage) {
	t.Helper()
	claims = verify(t, key, token)
	if err := json.Unmarshal(decode(t, strings.Split(token, ".")[0]), &header); err != nil {
		t.Fatal(err)
	}
	return header, claims
}
