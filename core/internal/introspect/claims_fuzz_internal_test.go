package introspect

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// Whatever a server signs: no panic, and an active answer says so in the one place where it counts.
func FuzzSignedClaims(f *testing.F) {
	f.Add([]byte(`{"iss":"https://as.invalid","aud":"rs1","iat":1,"token_introspection":{"active":true}}`), "token-introspection+jwt")
	f.Add([]byte(`{"iss":"https://as.invalid","aud":["rs1"],"iat":1e99,"token_introspection":{"active":1}}`), "JWT")
	f.Add([]byte(`{"iss":null,"active":true,"token_introspection":[]}`), "at+jwt")
	f.Add([]byte(`{"iss":"https://as.invalid","sub":"alice","scope":"read","exp":2e9}`), "at+jwt")
	f.Fuzz(func(t *testing.T, payload []byte, typ string) {
		v := &verifier{
			JWTAnswers: JWTAnswers{Issuer: theIssuer, Audience: theAudience}, leeway: 1 << 62,
			verify: func(context.Context, string, []string) (*jose.Verified, error) {
				return &jose.Verified{Header: jose.Header{Type: typ}, Payload: payload}, nil
			},
		}
		var claims struct {
			Issuer string `json:"iss"`
			Inner  struct {
				Active bool `json:"active"`
			} `json:"token_introspection"`
		}
		_ = json.Unmarshal(payload, &claims)
		r, err := NewRFC7662("", "", &JWTAnswers{}).read(t.Context(), answerWith(200, mediaSigned, "x"), v)
		if err == nil && r.in.Active && (!claims.Inner.Active || claims.Issuer != theIssuer) {
			t.Errorf("active by %s", payload)
		}
		r, err = NewCurity("", "", nil).read(t.Context(), answerWith(200, mediaJWT, "x"), v)
		if err == nil && (!r.in.Active || claims.Issuer != theIssuer) {
			t.Errorf("an answer %+v by %s", r.in, payload)
		}
	})
}

// Whatever MobileFirst 7.x signs: no panic, and what is active has a principal and an end.
func FuzzOfflineClaims(f *testing.F) {
	f.Add([]byte(`{"prn":"c1","exp":4102444800,"imf.scope":{"r1":{"exp":4102444800,"mandatory":true}}}`), []byte(`{"exp":4102444800,"imf.user":{"id":"alice"}}`))
	f.Add([]byte(`{"prn":"c1","exp":1e400,"imf.scope":{"r 1":{}}}`), []byte(`{"exp":"1"}`))
	f.Add([]byte(`{"prn":1,"exp":4102444800,"imf.scope":[]}`), []byte(`{"prn":"x"}`))
	s, err := NewMobileFirst7("https://mfp.invalid/p", true, false)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		access, err := strictjson.ParseLenient(first)
		if err != nil {
			return
		}
		o := &Offline{server: s}
		var user idClaims
		if id, err := strictjson.ParseLenient(second); err == nil {
			user, _ = o.identity(access, id)
		}
		in, err := o.facts(access, user, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		principal, _, _ := access.String("prn")
		if in.Active && (principal == "" || in.Expires == 0) {
			t.Errorf("active by %s", first)
		}
		if got, ok := in.User(); ok && (!user.given || got.ID != user.user) {
			t.Errorf("the user %+v of %s", got, second)
		}
	})
}
