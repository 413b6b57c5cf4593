package core_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"os"
	"os/exec"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// JL-08: all of it works where only FIPS 140-3 cryptography is allowed. The test runs itself again
// with that setting.
func TestFIPS(t *testing.T) {
	if !fips140.Enforced() {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestFIPS$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("with GODEBUG=fips140=only: %v\n%s", err, out)
		}
		return
	}
	srv := coretest.New()
	v := mobileFirst(t, srv)
	one, two := srv.Mint(coretest.Grant{ClientID: "one"}), srv.Mint(coretest.Grant{ClientID: "two"})
	for range 2 {
		for token, client := range map[string]string{one: "one", two: "two"} {
			if p, d := authorize(t.Context(), v, bearer(token), core.Authenticated()); d != nil || p.ClientID() != client {
				t.Errorf("got %v for the client %s", p, client)
			}
		}
	}
	if got := srv.Calls().Introspection; got != 2 {
		t.Errorf("%d calls for two tokens, want 2", got)
	}
	if err := v.ForgetToken(one); err != nil {
		t.Error(err)
	}
	signInFIPS(t)
}

// signInFIPS signs assertions in each algorithm.
func signInFIPS(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range map[string]crypto.Signer{"RS256": r, "PS256": r, "ES256": e, "EdDSA": newKey(t)} {
		srv := &registrar{}
		c := byKey(key, srv)
		c.ClientAssertion.Algorithm = algorithm
		if err := verifier(t, c).Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		parsed, err := jose.ParseSignedCompact(srv.seen[0].Form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		if err == nil {
			_, err = parsed.Verify(key.Public())
		}
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}
