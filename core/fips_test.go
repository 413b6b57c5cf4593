package core_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"

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
}
