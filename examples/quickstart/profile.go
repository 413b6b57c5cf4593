package main

import (
	"fmt"
	"strings"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// profile is what differs between the kinds of authorization server.
type profile struct {
	dialect   coretest.Dialect
	about     string // a paragraph for the introduction
	everybody string // the scope of a token that permits nothing special
	realm     string // what the challenges begin with, behind "Bearer"
	bob       string // the start of what a handler knows about Bob
	ownToken  bool   // the API needs a token of its own to ask
	config    func(srv *coretest.Server) core.Config
}

var profiles = []*profile{
	{
		dialect: coretest.MobileFirst8,
		about: `MobileFirst is IBM's platform for mobile apps: users sign in to its server with an app.
The authorization server is the part of it that gives each app access tokens, and knows which are good.
RegisteredClient is the scope that it gives to every registered app, before a user signs in.
`,
		everybody: "RegisteredClient",
		bob:       `{"client_id":"banking-app-7","scope":"RegisteredClient","username":"bob","user":{"id":"bob",...`,
		ownToken:  true,
		config: func(srv *coretest.Server) core.Config {
			return core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"}
		},
	},
	{
		dialect: coretest.MobileFirst7,
		about: `MobileFirst 7 is an older version of IBM's platform for mobile apps. An app sends two tokens in one field:
an access token, whose scope is a list of realms, and an ID token, which says who the user is. The API asks
the online validation about both, without credentials of its own.
`,
		everybody: "wl_anonymousUserRealm",
		bob:       `{"client_id":"","scope":"wl_anonymousUserRealm","username":"","user":{"id":"bob"},...`,
		config: func(srv *coretest.Server) core.Config {
			return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: srv.ProjectURL()})}
		},
	},
	{
		dialect: coretest.Curity,
		about: `The Curity Identity Server gives apps opaque access tokens: random names of what it knows. The API asks its
introspection endpoint what a token stands for, with credentials of its own.
`,
		everybody: "openid", realm: `realm="api"`,
		bob: `{"client_id":"banking-app-7","scope":"openid","username":"","user":{"id":"bob"},...`,
		config: func(srv *coretest.Server) core.Config {
			return core.Config{ClientID: "test", ClientSecret: "test", Profile: core.Curity(core.CurityConfig{
				IntrospectionURL: srv.EndpointURL(coretest.Curity, coretest.Introspection),
				Issuer:           srv.Issuer(coretest.Curity), Audience: []string{audience},
			})}
		},
	},
	{
		dialect: coretest.RFC7662,
		about: `An authorization server gives apps access tokens. RFC 7662 describes how the API asks such a server what a
token stands for, with credentials of its own.
`,
		everybody: "openid", realm: `realm="api"`,
		bob: `{"client_id":"banking-app-7","scope":"openid","username":"","user":{"id":"bob"},...`,
		config: func(srv *coretest.Server) core.Config {
			return core.Config{ClientID: "test", ClientSecret: "test", Profile: core.RFC7662(core.RFC7662Config{
				IntrospectionURL: srv.EndpointURL(coretest.RFC7662, coretest.Introspection),
				Issuer:           srv.Issuer(coretest.RFC7662), Audience: []string{audience},
			})}
		},
	},
}

// audience is how Curity and an RFC 7662 server name the API.
const audience = "https://api.example.com"

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

// challenge is the header of a refusal.
func (p *profile) challenge(parameters string) string {
	all := strings.Trim(p.realm+", "+parameters, ", ")
	return strings.TrimSpace("WWW-Authenticate: Bearer " + all)
}

// mint makes the credentials of a user of the app.
func (p *profile) mint(srv *coretest.Server, user, scope string) string {
	g := coretest.Grant{
		Dialect: p.dialect, ClientID: "banking-app-7", Scope: strings.TrimSpace(p.everybody + " " + scope), Audience: []string{audience},
		User: &coretest.User{ID: user, AuthenticatedBy: "UserLogin"},
	}
	token := srv.Mint(g)
	if p.dialect == coretest.MobileFirst7 {
		token += " " + srv.MintID(user)
	}
	return token
}

// revoke ends the access token of credentials.
func (p *profile) revoke(srv *coretest.Server, credentials string) {
	access, _, _ := strings.Cut(credentials, " ")
	srv.Revoke(access)
}
