package interop_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// server is a third-party authorization server.
type server struct {
	name                             string
	issuer                           string
	token, introspection, revocation string // URLs
	user, refresh                    string // tokens of a user, for audience and with the scope "read"
}

func (s *server) isFosite() bool { return s.name == "fosite" }

// theProvider is the oidc-provider that most tests share.
func theProvider() *server { return servers[1] }

// client is a confidential client. All servers know those without Metadata.
type client struct {
	ID       string   `json:"id"`
	Secret   string   `json:"secret,omitempty"`
	Scope    string   `json:"scope"`    // what it may ask for
	Grants   []string `json:"grants"`   // grant types that it may use
	Lifetime int      `json:"lifetime"` // of its tokens, in seconds
	// Metadata is what else oidc-provider knows of it (RFC 7591 section 2).
	Metadata map[string]any `json:"metadata,omitempty"`
}

// audience is the protected service's name in "aud".
const audience = "https://orders.example"

// scopes are all that the servers know.
var scopes = []string{"read", "write", "admin"}

var (
	service = newClient("orders-api", "orders-secret")
	brief   = client{"brief", "brief-secret", "read", []string{"client_credentials"}, 4, nil}
	barred  = client{"barred", "barred-secret", "read", []string{"refresh_token"}, 60, nil}
	// plus has an id and a secret that mean somebody else's unless they are encoded.
	plus = newClient("plus+id", "plus+secret")
	// odd has a client for each character that form encoding changes or must leave alone, and one for all of them.
	odd = oddClients(":", "%", "+", "&", "=", "~", "/", " ", "%41", ":%+&=~/ ")
)

func newClient(id, secret string) client {
	return client{id, secret, "read write", []string{"client_credentials"}, 3600, nil}
}

func oddClients(parts ...string) (all []client) {
	for _, p := range parts {
		all = append(all, newClient("id"+p+"x", "secret"+p+"y"))
	}
	return all
}

// clients returns every client, the one whose users have tokens first.
func clients() []client { return append([]client{service, brief, barred, plus}, odd...) }

// post sends a form as c, with names and values in turn.
func post(c client, to string, pairs ...string) (status int, body []byte, err error) {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

// tokens asks a token endpoint for an access token and, where the grant has one, a refresh token.
func tokens(c client, endpoint string, pairs ...string) (access, refresh string, err error) {
	status, body, err := post(c, endpoint, pairs...)
	if err != nil {
		return "", "", err
	}
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK || answer.Access == "" {
		return "", "", fmt.Errorf("the token endpoint answered %d %q", status, body)
	}
	return answer.Access, answer.Refresh, nil
}

// mint gets a token of c for aud, "" for nobody in particular.
func (s *server) mint(t *testing.T, c client, scope, aud string) string {
	t.Helper()
	pairs := []string{"grant_type", "client_credentials"}
	if scope != "" {
		pairs = append(pairs, "scope", scope)
	}
	if aud != "" { // fosite takes the one name, oidc-provider the other (RFC 8707)
		pairs = append(pairs, "audience", aud, "resource", aud)
	}
	token, _, err := tokens(c, s.token, pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// revoke ends a token of c (RFC 7009).
func (s *server) revoke(t *testing.T, c client, token string) {
	t.Helper()
	status, body, err := post(c, s.revocation, "token", token)
	if err != nil || status != http.StatusOK {
		t.Fatalf("revoking a token: %d %q %v", status, body, err)
	}
}
