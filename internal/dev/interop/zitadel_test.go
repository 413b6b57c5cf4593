package interop_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// zitadel is the OpenID provider of github.com/zitadel/oidc with the storage of its own example, in
// this process.
type zitadel struct {
	*server
	storage *zitadelStorage
	stop    func()
}

// newZitadel serves it until the test ends.
func newZitadel(t *testing.T) *zitadel {
	t.Helper()
	h := httptest.NewUnstartedServer(nil)
	issuer := "http://" + h.Listener.Addr().String()
	store := &zitadelStorage{Storage: storage.NewStorageWithClients(anyUser{}, map[string]*storage.Client{
		service.ID: storage.WebClient(service.ID, service.Secret),
	})}
	store.key.Store(&zitadelKey{signingKeys, jose.RS256})
	provider, err := op.NewProvider(&op.Config{CryptoKey: sha256.Sum256([]byte("test")), AuthMethodPost: true, AuthMethodPrivateKeyJWT: true},
		store, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	h.Config.Handler = provider
	h.Start()
	t.Cleanup(h.Close)
	return &zitadel{&server{
		name: "zitadel", issuer: issuer,
		token: issuer + "/oauth/token", introspection: issuer + "/oauth/introspect", revocation: issuer + "/revoke",
	}, store, h.Close}
}

// zitadelStorage is the example's, with keys that rotate, and with clients of our own. Its answers
// about tokens are the example's: they have no "iss", no "aud" and no "client_id".
type zitadelStorage struct {
	*storage.Storage
	key  atomic.Pointer[zitadelKey]
	jwts atomic.Bool // tokens are JWTs
	iss  atomic.Pointer[string]
}

// rotate gives the server another key.
func (s *zitadelStorage) rotate(k *keys, algorithm jose.SignatureAlgorithm) {
	s.key.Store(&zitadelKey{k, algorithm})
}

func (s *zitadelStorage) SigningKey(context.Context) (op.SigningKey, error) { return s.key.Load(), nil }

func (s *zitadelStorage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{s.key.Load().algorithm}, nil
}

func (s *zitadelStorage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{zitadelPublicKey{s.key.Load()}}, nil
}

// GetKeyByIDAndClientID returns the key with which a client authenticates.
func (s *zitadelStorage) GetKeyByIDAndClientID(_ context.Context, keyID, clientID string) (*jose.JSONWebKey, error) {
	for _, algorithm := range algorithms {
		if key, id := clientKeys.signer(algorithm); id == keyID && clientID == keyClient(algorithm).ID {
			return &jose.JSONWebKey{Key: key.Public(), KeyID: id, Use: "sig"}, nil
		}
	}
	return nil, fmt.Errorf("the client %q has no key %q", clientID, keyID)
}

func (s *zitadelStorage) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	if err := s.AuthorizeClientIDSecret(ctx, id, secret); err != nil {
		return nil, err
	}
	c, err := s.GetClientByClientID(ctx, id)
	return zitadelClient{c, s}, err
}

// ClientCredentialsTokenRequest makes tokens about which each of our clients may ask: that is what
// the example asks of "aud".
func (s *zitadelStorage) ClientCredentialsTokenRequest(_ context.Context, id string, scopes []string) (op.TokenRequest, error) {
	r := &oidc.JWTTokenRequest{Subject: id, Audience: []string{audience, service.ID}, Scopes: scopes}
	for _, algorithm := range algorithms {
		r.Audience = append(r.Audience, keyClient(algorithm).ID)
	}
	return r, nil
}

// SetIntrospectionFromToken adds the "iss" if there is one.
func (s *zitadelStorage) SetIntrospectionFromToken(ctx context.Context, answer *oidc.IntrospectionResponse, tokenID, subject, clientID string) error {
	if iss := s.iss.Load(); iss != nil {
		answer.Issuer = *iss
	}
	return s.Storage.SetIntrospectionFromToken(ctx, answer, tokenID, subject, clientID)
}

// zitadelClient is a client that may get tokens for itself.
type zitadelClient struct {
	op.Client
	storage *zitadelStorage
}

func (zitadelClient) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeClientCredentials}
}

func (c zitadelClient) AccessTokenType() op.AccessTokenType {
	if c.storage.jwts.Load() {
		return op.AccessTokenTypeJWT
	}
	return op.AccessTokenTypeBearer
}

// zitadelKey is what the server signs with.
type zitadelKey struct {
	keys      *keys
	algorithm jose.SignatureAlgorithm
}

func (k *zitadelKey) SignatureAlgorithm() jose.SignatureAlgorithm { return k.algorithm }

func (k *zitadelKey) Key() any {
	key, _ := k.keys.signer(k.algorithm)
	return key
}

func (k *zitadelKey) ID() string {
	_, id := k.keys.signer(k.algorithm)
	return id
}

// zitadelPublicKey is what it shows of it.
type zitadelPublicKey struct{ *zitadelKey }

func (k zitadelPublicKey) Algorithm() jose.SignatureAlgorithm { return k.algorithm }
func (zitadelPublicKey) Use() string                          { return "sig" }

func (k zitadelPublicKey) Key() any {
	key, _ := k.keys.signer(k.algorithm)
	return key.Public()
}

// anyUser knows each user.
type anyUser struct{}

func (anyUser) GetUserByID(id string) *storage.User    { return &storage.User{ID: id, Username: id} }
func (anyUser) GetUserByUsername(string) *storage.User { return nil }
func (anyUser) ExampleClientID() string                { return "" }
