package introspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// JWTAnswers are answers that the server signs.
type JWTAnswers struct {
	KeysURL    string // the server's JWK set
	Issuer     string // the "iss" that they must have
	Audience   string // one of their "aud" (RFC 9701), "" if that is not checked
	Algorithms []string
}

// verifier checks signed answers. It is safe for concurrent use.
type verifier struct {
	JWTAnswers
	ready  func(context.Context) error // returns nil if there are keys
	verify func(ctx context.Context, compact string, algorithms []string) (*jose.Verified, error)
	leeway time.Duration
}

// The media types of signed answers.
const (
	mediaSigned = "application/token-introspection+jwt" // RFC 9701 section 5
	typeSigned  = "token-introspection+jwt"
	mediaJWT    = "application/jwt" // Curity
)

// untrustedError says that an answer is signed and cannot be trusted, or is not signed.
type untrustedError struct{ err error }

func (e *untrustedError) Error() string { return e.err.Error() }
func (e *untrustedError) Unwrap() error { return e.err }

func untrusted(format string, args ...any) error {
	return &untrustedError{fmt.Errorf(format, args...)}
}

// keysEndpoint is the name of the endpoint of a server's keys in errors.
const keysEndpoint = "keys"

// claims returns the payload of a compact JWT with a good signature, and its type.
func (v *verifier) claims(ctx context.Context, compact []byte) (claims strictjson.Object, typ string, payload []byte, err error) {
	signed, err := v.verify(ctx, strings.TrimSpace(string(compact)), v.Algorithms)
	switch {
	case errors.Is(err, jose.ErrNoKeys):
		return claims, "", nil, keysError(err)
	case errors.Is(err, jose.ErrUnknownKey):
		return claims, "", nil, untrusted("the signed answer cannot be trusted: %w: check JWTAnswers.JWKSURL (MFPGUARD_JWKS_URL)", err)
	case err != nil:
		return claims, "", nil, untrusted("the signed answer cannot be trusted: %w", err)
	}
	if claims, err = strictjson.ParseLenient(signed.Payload); err != nil {
		return claims, "", nil, untrusted("the signed answer cannot be read: %w", err)
	}
	switch iss, _, err := claims.String("iss"); {
	case err != nil:
		return claims, "", nil, untrusted("the signed answer cannot be read: %w", err)
	case iss != v.Issuer:
		return claims, "", nil, untrusted("the signed answer comes from another issuer: compare its \"iss\" with the Issuer that is set (MFPGUARD_ISSUER)")
	}
	return claims, strings.TrimPrefix(strings.ToLower(signed.Type), "application/"), signed.Payload, nil
}

// keysError is the error of a call that had no keys to check a signature with.
func keysError(err error) error {
	e, ok := errors.AsType[*jose.KeysError](err)
	if !ok {
		return err
	}
	return &tokensource.EndpointError{Endpoint: keysEndpoint, URL: e.URL, Status: e.Status, RetryAfter: e.RetryAfter, Hint: e.Hint(), Err: e.Err}
}

func isKeysError(err error) bool {
	e, ok := errors.AsType[*tokensource.EndpointError](err)
	return ok && e.Endpoint == keysEndpoint
}

// signedAnswer reads an answer as RFC 9701 describes it. Nothing that is not signed is an answer,
// and only "token_introspection" says something about the token.
func (v *verifier) signedAnswer(ctx context.Context, s Server, res *endpoint.Response) (reading, error) {
	if res.Status != http.StatusOK {
		return reading{}, errStatus
	}
	if kind := mediaType(res.Header); kind != mediaSigned {
		return reading{}, untrusted("the answer is not signed: its Content-Type is not %s: let the server sign its answers to this client, or remove JWTAnswers (MFPGUARD_JWKS_URL)", mediaSigned)
	}
	claims, typ, _, err := v.claims(ctx, res.Body)
	if err != nil {
		return reading{}, err
	}
	if typ != typeSigned {
		return reading{}, untrusted(`the signed answer has not the "typ" %s: it may be an access token`, typeSigned)
	}
	audience, _, err := claims.Strings("aud")
	if err != nil || !slices.Contains(audience, v.Audience) {
		return reading{}, untrusted(`the signed answer is for another service: its "aud" does not contain JWTAnswers.Audience (by default the client id)`)
	}
	if err := v.fresh(claims, time.Now()); err != nil {
		return reading{}, err
	}
	inner, ok, err := claims.Raw("token_introspection")
	if err != nil || !ok {
		return reading{}, untrusted(`the signed answer has no "token_introspection"`)
	}
	return decode(s, inner)
}

// fresh checks that the server has just signed the answer.
func (v *verifier) fresh(claims strictjson.Object, now time.Time) error {
	iat, ok, err := claims.Number("iat")
	if err != nil || !ok {
		return untrusted(`the signed answer has no "iat"`)
	}
	made, err := ofSeconds("iat", iat)
	if err != nil {
		return untrusted("the signed answer: %w", err)
	}
	age, of := now.Sub(made.Time()), "old"
	if age < 0 {
		age, of = -age, "ahead of its time"
	}
	if age > v.leeway {
		return untrusted("the signed answer is %v %s by our clock, want %v at most: compare the clocks of this service and of the server",
			age.Round(time.Second), of, v.leeway)
	}
	return nil
}

// mediaType returns the media type of an answer in lower case, without parameters.
func mediaType(h http.Header) string {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}
