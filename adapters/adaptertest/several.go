package adaptertest

import (
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// amongSeveral serves with a Verifier of several servers, where v is the default one. An adapter
// cannot tell: each answer is the same. No token of the suite has the issuer of the other server.
func amongSeveral(serve Serve) Serve {
	return func(t testing.TB, v *core.Verifier, routes []Route) (addr string) {
		if v == nil { // a mistake for the adapter to report
			return serve(t, nil, routes)
		}
		other := coretest.New()
		w, err := core.New(core.Config{
			Profile: core.MobileFirst8(other.BaseURL()), ClientID: clientID, ClientSecret: secret, Transport: other.Transport(),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if got := other.Calls(); got != (coretest.Calls{}) {
				t.Errorf("the other server was asked: %+v", got)
			}
		})
		if v, err = core.Several(core.Default(v), core.Issuer("https://other.test", w)); err != nil {
			t.Fatal(err)
		}
		return serve(t, v, routes)
	}
}
