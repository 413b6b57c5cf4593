package introspect

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfpguard/mfpguard/internal/authfield"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// RFC7662 is a server that does what RFC 7662 says, and the base of the others.
type RFC7662 struct {
	url   string
	realm string // the first parameter of each challenge, "" for none
	jwt   *JWTAnswers
}

// NewRFC7662 returns the server with this introspection endpoint. Its challenges have the realm.
// Answers is how it signs its answers (RFC 9701), nil for JSON.
func NewRFC7662(introspectionURL, realm string, answers *JWTAnswers) *RFC7662 {
	return &RFC7662{url: introspectionURL, realm: realm, jwt: answers}
}

// CheckRealm reports what is wrong with a realm: characters that a quoted string cannot have, and
// what MobileFirst clients would take for the scope.
func CheckRealm(realm string) error {
	for i := range len(realm) {
		if realm[i] < 0x20 || realm[i] > 0x7e {
			return fmt.Errorf("has the character %q, want printable ASCII", realm[i])
		}
	}
	if strings.Contains(strings.ToLower(realm), "scope=") {
		return fmt.Errorf(`contains "scope=", which clients take for the scope of the challenge`)
	}
	return nil
}

// URL implements [Server].
func (s *RFC7662) URL() string { return s.url }

// WellFormed implements [Server] with b64token of RFC 6750 section 2.1:
// 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=".
func (*RFC7662) WellFormed(credentials string) bool {
	body := strings.TrimRight(credentials, "=")
	for i := range len(body) {
		if !authfield.IsToken68(body[i]) {
			return false
		}
	}
	return body != ""
}

// Challenge implements [Server] (RFC 6750 section 3). The scope comes last, because MobileFirst's
// Android client takes all that stands behind "scope=".
func (s *RFC7662) Challenge(code, scope string) string {
	c, sep := "Bearer", " "
	if s.realm != "" {
		c, sep = `Bearer realm="`+quoter.Replace(s.realm)+`"`, ", "
	}
	if code != "" {
		c += sep + `error="` + code + `"`
	}
	if scope != "" {
		c += `, scope="` + scope + `"`
	}
	return c
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// ForbiddenScopeChars implements [Server]: what RFC 6749 allows is enough.
func (*RFC7662) ForbiddenScopeChars() (chars, reason string) { return "", "" }

// ConflictField implements [Server].
func (*RFC7662) ConflictField() (name, value string) { return "", "" }

// IsDefaultClient implements [Server].
func (*RFC7662) IsDefaultClient(string, string) bool { return false }

func (*RFC7662) question(credentials string) url.Values {
	return url.Values{"token": {credentials}, "token_type_hint": {"access_token"}}
}

func (s *RFC7662) accept() string {
	if s.jwt != nil {
		return mediaSigned
	}
	return mediaJSON
}

// Answers implements [Server].
func (s *RFC7662) Answers() *JWTAnswers { return s.jwt }

// unknownTokenCode is what oidc-provider answers, with status 400, about a token that it does not
// store, such as one that looks like a JWT. That is an answer about the token. The code comes from
// RFC 7009 section 2.2.1.
const unknownTokenCode tokensource.ErrorCode = "unsupported_token_type"

func (s *RFC7662) read(ctx context.Context, res *endpoint.Response, v *verifier) (reading, error) {
	if res.Status == http.StatusBadRequest && errorCode(res.Body) == unknownTokenCode {
		return reading{in: &Introspection{}, notes: unknownTokenNotes}, nil
	}
	if v != nil {
		return v.signedAnswer(ctx, s, res)
	}
	return readJSON(s, res)
}

const unknownTokenNotes = "the server cannot introspect tokens of a certain kind (unsupported_token_type), and they are refused: " +
	"if it issues such tokens, as oidc-provider issues JWTs, let it issue opaque ones for this service"

func (*RFC7662) subject(status int) subject {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return theClient
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return theEndpoint
	}
	if status >= 400 && status < 500 {
		return theToken
	}
	return theEndpoint
}

func (*RFC7662) hint(status int) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "it does not accept our credentials, or our client may not introspect"
	case status == http.StatusBadRequest:
		return "it does not understand the request: check the URL, and how our credentials are sent"
	case status == http.StatusNotFound:
		return "nothing is served there: check the URL of the introspection endpoint"
	case status >= 300 && status < 400:
		return "it redirects, and redirects are not followed: use the URL that it redirects to"
	}
	return ""
}

// instant reads seconds since 1970, a number.
func (*RFC7662) instant(o strictjson.Object, name string) (Instant, error) {
	v, present, err := o.Number(name)
	if err != nil || !present {
		return 0, err
	}
	return ofSeconds(name, v)
}

func (*RFC7662) check(o strictjson.Object, left *unread) error {
	left.broken("", o)
	return nil
}

// user is the subject or the username. It reports false for a client that speaks for itself.
func (*RFC7662) user(in *Introspection) (User, bool) {
	u := User{ID: in.Subject(), DisplayName: in.Username()}
	if u.ID == "" {
		u.ID = in.Username()
	}
	if in.Username() == "" && (in.Subject() == "" || in.Subject() == in.ClientID()) {
		return User{}, false
	}
	return u, true
}

func (*RFC7662) application(*Introspection) (Application, bool) { return Application{}, false }

func (*RFC7662) device(*Introspection) (Device, bool) { return Device{}, false }

func (*RFC7662) checks(in *Introspection) strictjson.Object {
	o, _ := in.object(mfpChecks) // a server in MobileFirst's place may have them
	return o
}
