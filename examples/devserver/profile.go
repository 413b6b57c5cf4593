package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// profile is a kind of authorization server.
type profile struct {
	dialect     coretest.Dialect
	title       string
	server      string      // what MFPGUARD_SERVER has behind the URL
	environment [][2]string // further variables; {url} stands for the URL
	everybody   string      // the scope of a token that permits nothing special
	questions   string      // curl lines for the server itself
}

// audience is how the servers that have one name the service.
const audience = "https://api.example.com"

var profiles = []*profile{
	{
		dialect: coretest.MobileFirst8, title: "MobileFirst 8", server: "/mfp/api", everybody: "RegisteredClient",
		environment: [][2]string{clientID, clientSecret},
		questions: `    # a token for a confidential client: 200
    curl -i -u test:test -d grant_type=client_credentials -d scope=authorization.introspect {url}/mfp/api/az/v1/token
    # a question about a token, as a service asks it: 200
    curl -i -H "Authorization: Bearer $SERVICE" -d token=$ALICE {url}/mfp/api/az/v1/introspection
`,
	},
	{
		dialect: coretest.MobileFirst7, title: "MobileFirst 7", server: "/mfp", everybody: "wl_anonymousUserRealm",
		environment: [][2]string{{"MFPGUARD_PROFILE", "mobilefirst7"}},
		questions: `    # the key that verifies its tokens: 200
    curl -i {url}/mfp/authorization/v1/publickey
    # a question about an access token, as a service asks it: 200
    curl -i -d token=$APP {url}/mfp/authorization/v1/token/validation
`,
	},
	{
		dialect: coretest.Curity, title: "Curity", server: "/oauth/v2/oauth-introspect", everybody: "openid",
		environment: [][2]string{
			{"MFPGUARD_PROFILE", "curity"},
			clientID, clientSecret,
			{"MFPGUARD_AUDIENCE", audience},
			{"MFPGUARD_ISSUER", "{url}/oauth/v2/oauth-anonymous"},
		},
		questions: `    # a token for a client: 200
    curl -i -d grant_type=client_credentials -d client_id=test -d client_secret=test {url}/oauth/v2/oauth-token
    # a question about a token, as a service asks it: 200
    curl -i -u test:test -d token=$ALICE {url}/oauth/v2/oauth-introspect
    # the same, answered with a JWT: 200
    curl -i -u test:test -H "Accept: application/jwt" -d token=$ALICE {url}/oauth/v2/oauth-introspect
`,
	},
	{
		dialect: coretest.RFC7662, title: "plain OAuth (RFC 7662)", server: "/oauth2/introspect", everybody: "openid",
		environment: [][2]string{
			{"MFPGUARD_PROFILE", "rfc7662"}, clientID, clientSecret, {"MFPGUARD_AUDIENCE", audience}, {"MFPGUARD_ISSUER", "{url}"},
		},
		questions: `    # where its endpoints are: 200
    curl -i {url}/.well-known/oauth-authorization-server
    # a token for a client: 200
    curl -i -u test:test -d grant_type=client_credentials {url}/oauth2/token
    # a question about a token, as a service asks it: 200
    curl -i -u test:test -d token=$ALICE {url}/oauth2/introspect
`,
	},
}

var (
	clientID     = [2]string{"MFPGUARD_CLIENT_ID", clients[0].ID}
	clientSecret = [2]string{"MFPGUARD_CLIENT_SECRET", clients[0].Secret}
)

func profileOf(name string) (*profile, error) {
	var names []string
	for _, p := range profiles {
		if p.dialect.String() == name {
			return p, nil
		}
		names = append(names, p.dialect.String())
	}
	return nil, fmt.Errorf("-profile is %q, want one of %s", name, strings.Join(names, ", "))
}

// mint makes the credentials of a user: a token, and for MobileFirst 7 the ID token behind it.
func (p *profile) mint(srv *coretest.Server, g coretest.Grant) (access, idToken string) {
	g.Dialect, g.Audience = p.dialect, []string{audience}
	access = srv.Mint(g)
	if p.dialect == coretest.MobileFirst7 && g.User != nil {
		g.IDToken = true
		idToken = srv.Mint(g)
	}
	return access, idToken
}

// variablesOfAll are the names that some profiles set, and others do not.
func variablesOfAll() (names []string) {
	for _, p := range profiles {
		for _, v := range p.environment {
			if !slices.Contains(names, v[0]) {
				names = append(names, v[0])
			}
		}
	}
	return names
}

// variables are the names of the environment of a service.
func (p *profile) variables() string {
	names := []string{"MFPGUARD_SERVER"}
	for _, v := range p.environment {
		names = append(names, v[0])
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
