package core_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// jwtFrom returns a token that looks like a JWT of issuer, with other claims before and behind, and at least n bytes long.
func jwtFrom(issuer string, n int) string {
	payload := fmt.Sprintf(`{"exp":4102444800,"iat":1800000000,"jti":"5c0b1a4e-8a0f-4d35-9f0e-0c6f0c3a1d55","iss":%q,"aud":"orders","sub":"u1"}`, issuer)
	jwt := "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsxIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "."
	return jwt + strings.Repeat("s", max(n-len(jwt), 3))
}

const issuerA = "https://kc.example.com/realms/a"

// warmSeveral returns a Verifier of two servers that remembers a token for each, with n bytes: one for the default server, and
// one that its issuer picks.
func warmSeveral(tb testing.TB, n int) (v *core.Verifier, opaque, jwt []string) {
	tb.Helper()
	mfp, opaque, _ := warm(tb, n)
	srv := coretest.New()
	token := jwtFrom(issuerA, n)
	srv.SetAnswer(token, withUser)
	v = several(tb, core.Default(mfp), core.Issuer(issuerA, mobileFirst(tb, srv, withTTL(1<<63-1, 1<<63-1))))
	if _, d := authorize(tb.Context(), v, bearer(token), core.AllOf("accessRestricted")); d != nil {
		tb.Fatal(d.Cause)
	}
	return v, opaque, bearer(token)
}

func several(tb testing.TB, list ...core.Server) *core.Verifier {
	tb.Helper()
	v, err := core.Several(list...)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// BenchmarkSeveralHit is BenchmarkHit behind Several: what is more than there is the price of the pick.
func BenchmarkSeveralHit(b *testing.B) {
	for _, n := range []int{36, 900} {
		v, opaque, jwt := warmSeveral(b, n)
		for kind, values := range map[string][]string{"opaque": opaque, "JWT": jwt} {
			b.Run(fmt.Sprintf("%s of %d bytes", kind, len(values[0])-len("Bearer ")), func(b *testing.B) {
				guard := mustGuard(b, v)
				b.ReportAllocs()
				for b.Loop() {
					guard.Authorize(b.Context(), core.Request{Authorization: values})
				}
			})
		}
	}
}
