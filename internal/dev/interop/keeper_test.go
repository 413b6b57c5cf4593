package interop_test

import (
	"context"
	"errors"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// keeper is what a guard keeps the keys of a server in, and what counts its requests.
func keeper(t *testing.T, s *server) (*jose.Keeper, *counter, string) {
	t.Helper()
	calls := &counter{}
	url := discovered(t, s, true).JWKSURL
	return jose.NewKeeper(jose.Options{URL: url, Transport: calls}), calls, url
}

// The JWTs of both servers are verified with the keys that they publish, before and after a
// rotation. The kid of the key is unknown only once. SV-08, A39
func TestKeeperAfterARotation(t *testing.T) {
	p, zitadel := newProvider(t, providerConfig{Clients: clients(), JWKS: privateKeys(newKeys("old"))}), newZitadel(t)
	zitadel.storage.jwts.Store(true)
	for _, tt := range []struct {
		server *server
		rotate func(*keys)
	}{
		{p.server, func(k *keys) { p.rotate(t, privateKeys(k)) }},
		{zitadel.server, func(k *keys) { zitadel.storage.rotate(k, gojose.ES256) }},
	} {
		t.Run(tt.server.name, func(t *testing.T) {
			k, calls, url := keeper(t, tt.server)
			old := tt.server.mint(t, service, "read", jwtAudience)
			wantVerified(t, k, old, nil)
			calls.want(t, url, 1)
			tt.rotate(newKeys("new"))
			wantVerified(t, k, tt.server.mint(t, service, "read", jwtAudience), nil)
			calls.want(t, url, 2)
			wantVerified(t, k, old, jose.ErrUnknownKey)
			tt.rotate(newKeys("newer"))
			wantVerified(t, k, tt.server.mint(t, service, "read", jwtAudience), jose.ErrUnknownKey)
			calls.want(t, url, 2)
		})
	}
}

// wantVerified fails the test unless the keeper says this about a token, and nothing good about a
// changed one.
func wantVerified(t *testing.T, k *jose.Keeper, token string, want error) {
	t.Helper()
	if _, err := k.Verify(context.Background(), token, jose.Algorithms); !errors.Is(err, want) {
		t.Errorf("the token: %v, want %v", err, want)
	}
	changed := token[:len(token)-20] + "AAAAAAAAAAAAAAAAAAAA"
	if _, err := k.Verify(context.Background(), changed, jose.Algorithms); err == nil {
		t.Error("a changed signature is good")
	}
}
