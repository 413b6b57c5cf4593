package adaptertest

import (
	"fmt"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// rfc7662 has a realm that needs quoting (BT-42, BT-52), an audience and an issuer.
var rfc7662 = &profile{
	name: "RFC7662", dialect: coretest.RFC7662,
	challenges: map[outcome]string{
		noToken:    `Bearer realm="a\"b\\c"`,
		malformed:  `Bearer realm="a\"b\\c", error="invalid_token"`,
		ambiguous:  `Bearer realm="a\"b\\c", error="invalid_request"`,
		invalid:    `Bearer realm="a\"b\\c", error="invalid_token"`,
		lacksScope: `Bearer realm="a\"b\\c", error="insufficient_scope", scope="SCOPE"`,
	},
	core: func(_ testing.TB, as *coretest.Server) core.Config {
		return core.Config{ClientID: clientID, ClientSecret: secret, Profile: core.RFC7662(core.RFC7662Config{
			IntrospectionURL: as.EndpointURL(coretest.RFC7662, coretest.Introspection),
			Audience:         []string{"https://rs.test"}, Issuer: "https://as.test", Realm: `a"b\c`,
		})}
	},
	answer: oauthAnswer, principal: oauthPrincipal,
}

// curity is asked in JSON, and its answers may be kept until the token expires.
var curity = &profile{
	name: "Curity", dialect: coretest.Curity,
	challenges: map[outcome]string{
		noToken:    `Bearer realm="api"`,
		malformed:  `Bearer realm="api", error="invalid_token"`,
		ambiguous:  `Bearer realm="api", error="invalid_request"`,
		invalid:    `Bearer realm="api", error="invalid_token"`,
		lacksScope: `Bearer realm="api", error="insufficient_scope", scope="SCOPE"`,
	},
	core: func(_ testing.TB, as *coretest.Server) core.Config {
		return core.Config{ClientID: clientID, ClientSecret: secret, Profile: core.Curity(core.CurityConfig{
			IntrospectionURL: as.EndpointURL(coretest.Curity, coretest.Introspection),
			Audience:         []string{"https://rs.test"}, Issuer: "https://as.test",
		})}
	},
	answer: oauthAnswer, principal: oauthPrincipal,
}

// oauthAnswer has the members that both kinds of server have.
func oauthAnswer(user, scope string) map[string]any {
	return map[string]any{
		"active": true, "scope": scope, "client_id": "c1", "sub": user, "aud": "https://rs.test", "iss": "https://as.test", "exp": expires,
	}
}

func oauthPrincipal(user, scope string) string {
	return fmt.Sprintf(`{"client_id":"c1","scope":%q,"username":"","user":{"id":%q},"application":null,"device":null,`+
		`"expires_at":"2100-01-01T00:00:00Z"}`, scope, user)
}
