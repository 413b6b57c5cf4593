package core_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// 17.C/C1, C2, SV-10: a job's token of Curity, sent as its tutorial does: for 299 s, of the type
// "bearer", renewed before it ends. And one of another server, for a key.
func TestSourceOfOtherServers(t *testing.T) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.SetClient(coretest.Client{ID: "job", Secret: "Password1", AllowedScope: "read"})
		srv.SetClient(coretest.Client{ID: "keyed", PublicKey: public, AllowedScope: "read"})
		for name, c := range map[string]tokensource.Config{
			"Curity": {TokenURL: srv.EndpointURL(coretest.Curity, coretest.Token), ClientID: "job", ClientSecret: "Password1", ClientAuth: tokensource.Post},
			"RFC 7662, by a key": {
				TokenURL: srv.EndpointURL(coretest.RFC7662, coretest.Token), ClientID: "keyed",
				ClientAssertion: &tokensource.ClientAssertion{Key: key, Audience: srv.Issuer(coretest.RFC7662)},
			},
		} {
			c.Scope, c.Transport = "read", srv.Transport()
			src, err := tokensource.New(c)
			if err != nil {
				t.Fatal(err)
			}
			before := srv.Calls().Token
			first, err := src.Token(t.Context())
			if err != nil || first.Scope != "read" {
				t.Fatalf("%s: %+v, %v", name, first, err)
			}
			if life := time.Until(first.ExpiresAt); name == "Curity" && life != 299*time.Second {
				t.Errorf("%s: the token lives for %v, want 299s", name, life)
			}
			time.Sleep(time.Until(first.ExpiresAt) - time.Second)
			if _, err := src.Token(t.Context()); err != nil {
				t.Error(err)
			}
			synctest.Wait() // until it is renewed in the background
			if second, err := src.Token(t.Context()); err != nil || second.AccessToken == first.AccessToken || srv.Calls().Token != before+2 {
				t.Errorf("%s: not renewed once: %v, %d calls", name, err, srv.Calls().Token-before)
			}
		}
	})
}
