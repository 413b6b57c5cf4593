package coretest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// 17.A/A19 and 17.A/A20
func TestActiveAnswer(t *testing.T) {
	at := time.UnixMilli(1591254970000)
	full := coretest.Grant{
		ClientID: "c1",
		Scope:    "RegisteredClient orders.read",
		User: &coretest.User{
			ID: "u1", DisplayName: "Ann", AuthenticatedBy: "login", AuthenticatedAt: at,
			Attributes: map[string]any{"tier": 1},
		},
		Device:      &coretest.Device{ID: "d1", Hardware: "Phone", Platform: "ios 17", DisplayName: "my phone", Status: "LOST"},
		Application: &coretest.Application{ID: "com.a", Platform: "ios", Version: "2.1"},
		Checks:      map[string]any{"login": map[string]any{"n": 1}},
	}
	for _, row := range []struct {
		name     string
		grant    coretest.Grant
		variants coretest.Variants
		want     string
	}{
		{
			"everything is given", full,
			coretest.Variants{},
			`{"active":true,"scope":"RegisteredClient orders.read","username":"u1","client_id":"c1","exp":0,` +
				`"mfp-application":{"id":"com.a","clientPlatform":"ios","version":"2.1"},` +
				`"mfp-device":{"id":"d1","hardware":"Phone","platform":"ios 17","deviceDisplayName":"my phone","status":"LOST"},` +
				`"mfp-user":{"id":"u1","displayName":"Ann","authenticatedBy":"login","authenticatedAt":1591254970000,` +
				`"attributes":{"tier":1}},"mfp-checks":{"login":{"n":1}}}`,
		},
		{
			"nobody is signed in",
			coretest.Grant{ClientID: "c1", Device: &coretest.Device{ID: "d1"}},
			coretest.Variants{},
			`{"active":true,"scope":"RegisteredClient","username":"anonymous","client_id":"c1","exp":0,` +
				`"mfp-application":{"id":"com.example.app","clientPlatform":"android","version":"1.0"},` +
				`"mfp-device":{"id":"d1","hardware":"","platform":"","deviceDisplayName":null,"status":"ACTIVE"},` +
				`"mfp-user":null,"mfp-checks":{}}`,
		},
		{
			"confidential with nulls",
			coretest.Grant{Confidential: true, Scope: "a"},
			coretest.Variants{},
			`{"active":true,"scope":"a","username":"anonymous","client_id":"test","exp":0,` +
				`"mfp-application":null,"mfp-device":null,"mfp-user":null,"mfp-checks":null}`,
		},
		{
			"confidential without nulls and username",
			coretest.Grant{Confidential: true, ClientID: "x"},
			coretest.Variants{OmitNulls: true, EmptyUsername: true},
			`{"active":true,"scope":"RegisteredClient","username":"","client_id":"x","exp":0}`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := coretest.New()
			defer s.Close()
			s.SetVariants(row.variants)
			a := introspect(t, s, caller(t, s), s.Mint(row.grant))
			exp := a.member(t, "exp")
			ms, err := strconv.ParseInt(exp, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(time.UnixMilli(ms)); left < 59*time.Minute || left > time.Hour {
				t.Errorf("exp %s is %v from now, want an hour", exp, left)
			}
			a.body = strings.Replace(a.body, exp, "0", 1)
			wantAnswer(t, a, http.StatusOK, row.want)
		})
	}
}

// 17.A/A20 as the token endpoint issues it
func TestConfidentialTokenAnswer(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	a := introspect(t, s, caller(t, s), obtain(t, s, "test", "test", "messages.write push.application.x"))
	if got := a.member(t, "client_id") + a.member(t, "scope"); got != `"test""messages.write push.application.x"` {
		t.Errorf("client_id and scope are %s", got)
	}
}

func TestTokenShape(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	b64token := regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
	seen := make(map[string]bool)
	for range 1000 {
		token := s.Mint(coretest.Grant{ClientID: "c", Scope: "s"})
		if seen[token] {
			t.Fatal("the same token twice")
		}
		seen[token] = true
		if n := len(token); !b64token.MatchString(token) || n < 900 || n > 1300 {
			t.Fatalf("token of %d characters is %s", n, token)
		}
	}
	for token := range seen {
		parts := strings.Split(token, ".")
		if len(parts) != 3 {
			t.Fatalf("token has %d parts, want 3", len(parts))
		}
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		if exp, _ := claims["exp"].(float64); exp < 1e12 {
			t.Errorf("exp is %v, want milliseconds", claims["exp"])
		}
		break
	}
}

func TestMintPanicsOnUnencodableChecks(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	defer func() {
		if recover() == nil {
			t.Error("no panic for a channel in Checks")
		}
	}()
	s.Mint(coretest.Grant{Checks: map[string]any{"c": make(chan int)}})
}

func BenchmarkMint(b *testing.B) {
	s := coretest.New()
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		s.Mint(coretest.Grant{})
	}
}
