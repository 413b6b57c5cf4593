package coretest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// SV-01, 12.4 of the protocol: a token is a JWT that the published key verifies, an access token
// has "prn" and realms, an ID token has neither.
func TestTokens7(t *testing.T) {
	srv := coretest.New()
	srv.Only(coretest.MobileFirst7)
	access := verify7(t, srv, srv.Mint(coretest.Grant{
		ClientID: "app-1", Scope: "realmA realmB", Lifetime: time.Hour, Realms: map[string]coretest.Realm{"realmB": {Lifetime: time.Minute, Optional: true}},
	}))
	id := verify7(t, srv, srv.MintID("alice"))
	var realms map[string]struct {
		Exp       int64
		Mandatory bool
	}
	if err := json.Unmarshal(access["imf.scope"], &realms); err != nil {
		t.Fatal(err)
	}
	var exp int64
	if err := json.Unmarshal(access["exp"], &exp); err != nil {
		t.Fatal(err)
	}
	if a, b := realms["realmA"], realms["realmB"]; a.Exp != exp || !a.Mandatory || b.Exp != exp-59*60 || b.Mandatory {
		t.Errorf("realms %s, token %d", access["imf.scope"], exp)
	}
	if string(access["prn"]) != `"app-1"` || id["prn"] != nil || id["imf.scope"] != nil || string(id["sub"]) != `"alice"` {
		t.Errorf("access token %s, ID token %s", access, id)
	}
	if one, other := srv.Mint(coretest.Grant{ClientID: "app-1"}), srv.Mint(coretest.Grant{ClientID: "app-1"}); one == other {
		t.Error("two tokens are the same, so that to revoke one revokes both")
	}
	if exp < 1e9 || exp > 1e10 {
		t.Errorf("exp is %d, want seconds", exp)
	}
}

// After a rotation the published key is another, and the tokens of the old one are invalid.
func TestRotateKey7(t *testing.T) {
	srv := coretest.New()
	srv.Only(coretest.MobileFirst7)
	old := srv.Mint(coretest.Grant{})
	before := publicKey7(t, srv)
	srv.RotateKey()
	if after := publicKey7(t, srv); after.N.Cmp(before.N) == 0 {
		t.Error("the key is the same")
	}
	verify7(t, srv, srv.Mint(coretest.Grant{}))
	if a := post(t, srv, "/mfp/authorization/v1/token/validation", "", form("token", old)); a.status != http.StatusUnauthorized {
		t.Errorf("a token of the old key: %d %s, want 401", a.status, a.body)
	}
}

// The variants of what IBM's documents leave open.
func TestVariants7(t *testing.T) {
	srv := coretest.New()
	srv.Only(coretest.MobileFirst7)
	srv.SetVariants(coretest.Variants{Milliseconds7: true})
	a := post(t, srv, "/mfp/authorization/v1/token/validation", "", form("token", srv.Mint(coretest.Grant{ClientID: "app-1"})))
	if got := a.member(t, "exp"); len(got) != 13 {
		t.Errorf("exp is %s, want milliseconds", got)
	}
}

func publicKey7(t *testing.T, srv *coretest.Server) *rsa.PublicKey {
	t.Helper()
	a, err := do(srv, newRequest(t, srv, http.MethodGet, "/mfp/authorization/v1/publickey", "", ""))
	if err != nil {
		t.Fatal(err)
	}
	var jwk struct{ E, N, Kty string }
	if err := json.Unmarshal([]byte(a.body), &jwk); err != nil || jwk.E != "AQAB" || jwk.Kty != "RSA" {
		t.Fatalf("%d %s, %v", a.status, a.body, err)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(decode(t, jwk.N)), E: 65537}
}

// verify7 checks the signature of a token with the published key and returns its claims.
func verify7(t *testing.T, srv *coretest.Server, token string) map[string]json.RawMessage {
	t.Helper()
	return verify(t, publicKey7(t, srv), token)
}

// verify checks a signature and returns the claims.
func verify(t *testing.T, key *rsa.PublicKey, token string) map[string]json.RawMessage {
	t.Helper()
	if !verifies(key, token) {
		t.Fatalf("%q has not the signature of the published key", token)
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(decode(t, strings.Split(token, ".")[1]), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func verifies(key *rsa.PublicKey, token string) bool {
	end := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	sum := sha256.Sum256([]byte(token[:max(end, 0)]))
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
