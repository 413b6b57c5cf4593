package interop_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/storage"
)

const (
	userName     = "peter"
	userPassword = "peters-password"
	offline      = "offline" // the scope for which fosite gives out refresh tokens
)

// startFosite serves ory/fosite with storage in memory.
func startFosite() (*server, func(), error) {
	// Everything that fosite would otherwise fill in on first use is set, because it does so without a lock.
	config := &fosite.Config{
		GlobalSecret:             []byte(strings.Repeat("s", 32)),
		HashCost:                 4,
		AccessTokenLifespan:      time.Hour,
		ScopeStrategy:            fosite.ExactScopeStrategy,
		AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy,
	}
	hasher := &fosite.BCrypt{Config: config}
	config.ClientSecretsHasher = hasher
	store := storage.NewMemoryStore()
	store.Users[userName] = storage.MemoryUserRelation{Username: userName, Password: userPassword}
	for _, c := range clients() {
		hash, err := hasher.Hash(context.Background(), []byte(c.Secret))
		if err != nil {
			return nil, nil, err
		}
		lifetime := time.Duration(c.Lifetime) * time.Second
		store.Clients[c.ID] = &fosite.DefaultClientWithCustomTokenLifespans{
			DefaultClient: &fosite.DefaultClient{
				ID: c.ID, Secret: hash, GrantTypes: append([]string{"password"}, c.Grants...),
				Scopes: append(strings.Fields(c.Scope), offline), Audience: []string{audience},
			},
			TokenLifespans: &fosite.ClientLifespanConfig{ClientCredentialsGrantAccessTokenLifespan: &lifetime},
		}
	}
	//lint:ignore SA1019 the password grant is how a user gets a token without a browser
	users := compose.OAuth2ResourceOwnerPasswordCredentialsFactory
	h := httptest.NewServer(fositeHandler(compose.Compose(config, store, compose.NewOAuth2HMACStrategy(config), users,
		compose.OAuth2ClientCredentialsGrantFactory, compose.OAuth2TokenIntrospectionFactory, compose.OAuth2TokenRevocationFactory)))
	s := &server{
		name: "fosite", issuer: fositeIssuer,
		token: h.URL + "/token", introspection: h.URL + "/introspect", revocation: h.URL + "/revoke",
	}
	var err error
	s.user, s.refresh, err = tokens(service, s.token, "grant_type", "password", "username", userName, "password", userPassword,
		"scope", "read "+offline, "audience", audience)
	if err != nil {
		h.Close()
		return nil, nil, err
	}
	return s, h.Close, nil
}

const fositeIssuer = "https://fosite.example"

// fositeHandler is the part that fosite leaves to its users.
func fositeHandler(provider fosite.OAuth2Provider) http.Handler {
	session := func() *fosite.DefaultSession {
		return &fosite.DefaultSession{Extra: map[string]any{"iss": fositeIssuer}}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		s := session()
		s.Username = r.PostFormValue("username")
		request, err := provider.NewAccessRequest(r.Context(), r, s)
		if err != nil {
			provider.WriteAccessError(r.Context(), w, request, err)
			return
		}
		for _, scope := range request.GetRequestedScopes() {
			request.GrantScope(scope)
		}
		for _, a := range request.GetRequestedAudience() {
			request.GrantAudience(a)
		}
		response, err := provider.NewAccessResponse(r.Context(), request)
		if err != nil {
			provider.WriteAccessError(r.Context(), w, request, err)
			return
		}
		provider.WriteAccessResponse(r.Context(), w, request, response)
	})
	mux.HandleFunc("/introspect", func(w http.ResponseWriter, r *http.Request) {
		response, err := provider.NewIntrospectionRequest(r.Context(), r, session())
		if err != nil {
			provider.WriteIntrospectionError(r.Context(), w, err)
			return
		}
		provider.WriteIntrospectionResponse(r.Context(), w, response)
	})
	mux.HandleFunc("/revoke", func(w http.ResponseWriter, r *http.Request) {
		provider.WriteRevocationResponse(r.Context(), w, provider.NewRevocationRequest(r.Context(), r))
	})
	return mux
}
