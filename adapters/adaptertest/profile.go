package adaptertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// profile is a kind of authorization server: its answers about tokens, and the challenges for
// them.
type profile struct {
	name       string
	dialect    coretest.Dialect
	challenges map[outcome]string // SCOPE stands for the scope that the route needs
	core       func(t testing.TB, as *coretest.Server) core.Config
	answer     func(user, scope string) map[string]any // about an active token
	principal  func(user, scope string) string         // what Principal.MarshalJSON makes of that
}

const (
	clientID = "rs1"
	expires  = int64(4102444800) // 2100-01-01T00:00:00Z, seconds since the Unix epoch
)

// mobileFirst has the three challenges that its client SDKs can read. The one for ambiguous
// credentials is ours: no SDK sends such a request.
var mobileFirst = &profile{
	name: "MobileFirst8", dialect: coretest.MobileFirst8,
	challenges: map[outcome]string{
		noToken:    `Bearer`,
		malformed:  `Bearer error="invalid_token"`,
		ambiguous:  `Bearer error="invalid_request"`,
		invalid:    `Bearer error="invalid_token"`,
		lacksScope: `Bearer error="insufficient_scope", scope="SCOPE"`, // MFP-12: the scope comes last
	},
	core: func(_ testing.TB, as *coretest.Server) core.Config {
		return core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: clientID, ClientSecret: secret}
	},
	answer: func(user, scope string) map[string]any {
		return map[string]any{
			"active": true, "scope": scope, "username": user, "client_id": "c1", "exp": expires * 1000,
			"mfp-application": map[string]any{"id": "com.example.app", "clientPlatform": "android", "version": "1.0"},
			"mfp-device":      map[string]any{"id": "d1", "hardware": "Pixel 4", "platform": "android 12", "deviceDisplayName": nil, "status": "ACTIVE"},
			"mfp-user":        map[string]any{"id": user, "displayName": "D", "authenticatedBy": "pin", "authenticatedAt": int64(1800000000000), "attributes": map[string]any{"n": 1}},
			"mfp-checks":      map[string]any{"pin": map[string]any{"level": 3}},
		}
	},
	principal: func(user, scope string) string {
		return fmt.Sprintf(`{"client_id":"c1","scope":%q,"username":%q,`+
			`"user":{"id":%q,"display_name":"D","authenticated_by":"pin","authenticated_at":%q,"attributes":{"n":1}},`+
			`"application":{"id":"com.example.app","platform":"android","version":"1.0"},`+
			`"device":{"id":"d1","hardware":"Pixel 4","platform":"android 12","status":"ACTIVE"},`+
			`"expires_at":"2100-01-01T00:00:00Z"}`, scope, user, user, time.UnixMilli(1800000000000).Format(time.RFC3339Nano))
	},
}

// mobileFirst7 has the challenges of MobileFirst8, tokens of one or two parts, and no credentials
// of the service.
var mobileFirst7 = &profile{
	name: "MobileFirst7", dialect: coretest.MobileFirst7,
	challenges: mobileFirst.challenges,
	core: func(_ testing.TB, as *coretest.Server) core.Config {
		return core.Config{Profile: core.MobileFirst7(core.MobileFirst7Config{BaseURL: as.ProjectURL()})}
	},
	answer: func(user, scope string) map[string]any {
		return map[string]any{
			"active": true, "scope": scope, "exp": expires, "user_id": user, "security_context": map[string]any{"imf.user": map[string]any{"id": user}},
		}
	},
	principal: func(user, scope string) string {
		return fmt.Sprintf(`{"client_id":"","scope":%q,"username":"","user":{"id":%q},"application":null,"device":null,`+
			`"expires_at":"2100-01-01T00:00:00Z"}`, scope, user)
	},
}

// challenge returns the challenge for an outcome on a route that needs scope, or "".
func (p *profile) challenge(o outcome, scope string) string {
	if o == stillLacks {
		o = lacksScope
	}
	return strings.Replace(p.challenges[o], "SCOPE", scope, 1)
}

func encode(answer map[string]any) string {
	b, err := json.Marshal(answer)
	if err != nil {
		panic(err) // the tables of this package hold nothing that JSON does not know
	}
	return string(b)
}
