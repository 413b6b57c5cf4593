package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// AV-05: however often Ready fails where no user asks, it stops no calls for users.
func TestReadyAloneStopsNoCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		good := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, coretest.Always, forTokens("mfpguard", 50*time.Millisecond, coretest.Status(500)))
		for range 60 {
			time.Sleep(500 * time.Millisecond)
			if v.Ready(t.Context()) == nil {
				t.Fatal("ready, though the endpoint fails")
			}
			if v.Stats().CircuitOpen {
				t.Fatal("the circuit is open")
			}
		}
		if _, d := authorize(t.Context(), v, bearer(good), core.Authenticated()); d != nil {
			t.Errorf("got %s: %v", outcome(d), d.Cause)
		}
	})
}
