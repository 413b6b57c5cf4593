package introspect

import (
	"context"
	"net/http"
	"net/url"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// Curity is the Curity Identity Server. It says in Cache-Control how long an answer holds. Asked
// for a JWT, it answers with the token's claims in one, or with 204 for a token that is not active.
type Curity struct{ RFC7662 }

// NewCurity returns the server with this introspection endpoint. Answers is nil for JSON.
func NewCurity(introspectionURL, realm string, answers *JWTAnswers) *Curity {
	return &Curity{RFC7662{url: introspectionURL, realm: realm, jwt: answers}}
}

func (s *Curity) accept() string {
	if s.jwt != nil {
		return mediaJWT
	}
	return mediaJSON
}

// question has no token_type_hint: Curity's documents name none.
func (*Curity) question(credentials string) url.Values { return url.Values{"token": {credentials}} }

// read takes an answer for what its Content-Type says: a server may answer in JSON although it was
// asked for a JWT.
func (s *Curity) read(ctx context.Context, res *endpoint.Response, v *verifier) (r reading, err error) {
	switch {
	case v != nil && res.Status == http.StatusNoContent:
		return reading{in: &Introspection{}}, nil
	case v != nil && res.Status == http.StatusOK && mediaType(res.Header) == mediaJWT:
		r, err = v.claimsOfToken(ctx, s, res.Body)
	default:
		r, err = readJSON(s, res)
	}
	if err != nil || !r.in.Active {
		return r, err
	}
	if age, ok := endpoint.MaxAge(res.Header); ok {
		r.in.keepFor(age)
	}
	return r, r.in.readPurpose()
}

// readPurpose reads "purpose", in which Curity says what a token is for: "access_token", "id" and
// others.
func (in *Introspection) readPurpose() error {
	o, err := strictjson.ParseLenient([]byte(in.Answer()))
	if err != nil {
		return err
	}
	purpose, _, err := o.String("purpose")
	if use := useOf(purpose); use != UseAccess {
		in.Use = use
	}
	return err
}

func (s *Curity) hint(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "it does not accept our credentials, or our client lacks the introspection capability"
	case http.StatusNoContent:
		return "it answers as if it was asked for a JWT: set CurityConfig.JWTAnswers"
	}
	return s.RFC7662.hint(status)
}

// claimsOfToken reads an answer that is a JWT with the claims of an active token.
func (v *verifier) claimsOfToken(ctx context.Context, s Server, body []byte) (reading, error) {
	claims, typ, payload, err := v.claims(ctx, body)
	if err != nil {
		return reading{}, err
	}
	switch typ {
	case "", "jwt", "at+jwt":
	default:
		return reading{}, untrusted(`the signed answer has a "typ" that is no access token's`)
	}
	if active, present, err := claims.Bool("active"); err != nil || present && !active {
		return reading{}, untrusted(`the signed answer has an "active" that is not true`)
	}
	return decodeActive(s, payload, claims)
}
