package interop_test

import (
	"net/http"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// keyIDs returns the ids of the keys that s shows.
func keyIDs(t *testing.T, via *http.Client, s *server) (ids []string) {
	t.Helper()
	var set jose.JSONWebKeySet
	fetch(t, via, discover(t, via, s).JWKS, &set)
	for _, k := range set.Keys {
		if !k.IsPublic() || !k.Valid() {
			t.Errorf("the key %q is no public key", k.KeyID)
		}
		ids = append(ids, k.KeyID)
	}
	return ids
}

// Another key set at the same address signs from then on. SV-07, SV-08
func TestProviderRotatesKeys(t *testing.T) {
	c := keyClient(jose.ES256)
	p := newProvider(t, providerConfig{Clients: append(clients(), c), JWKS: privateKeys(newKeys("old"))})
	m := discover(t, http.DefaultClient, p.server)
	if m.Issuer != p.issuer || m.Token != p.token || m.Introspection != p.introspection || m.JWKS == "" {
		t.Fatalf("the metadata are %+v", m)
	}
	for _, prefix := range []string{"old", "new"} {
		if prefix == "new" {
			p.rotate(t, privateKeys(newKeys("new")))
		}
		if ids := keyIDs(t, http.DefaultClient, p.server); len(ids) != 3 || ids[1] != prefix+"-ecdsa" {
			t.Errorf("the keys are %q", ids)
		}
		token := p.mint(t, service, "read", "")
		o := open(t, p.server, askWithKey(t, p.server, token, signedType, assertion(t, p.server, c, jose.ES256, nil)))
		if o.header.KeyID != prefix+"-ecdsa" || o.claims.Token["active"] != true {
			t.Errorf("signed with %q: %+v", o.header.KeyID, o.claims.Token)
		}
	}
}
