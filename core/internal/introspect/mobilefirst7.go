package introspect

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// MobileFirst7 is the online validation of IBM MobileFirst Platform 7.0 and 7.1. A token has one
// part or two: the access token and, behind a blank, the ID token. The scope is a list of realms.
type MobileFirst7 struct {
	RFC7662
	base      string
	anonymous bool // no credentials of ours are sent
}

const (
	realm7 = "imfAuthentication"                  // in the challenges of MobileFirst 7.x
	path7  = "/authorization/v1/token/validation" // behind the base
)

// NewMobileFirst7 returns the server whose project is at base. With ownChallenge its challenges
// are those of MobileFirst 7.x, with a realm.
func NewMobileFirst7(base string, anonymous, ownChallenge bool) (*MobileFirst7, error) {
	trimmed := strings.TrimRight(base, "/")
	u, err := url.Parse(trimmed)
	switch {
	case base == "":
		return nil, errors.New("is empty, want https://host:port/<project>")
	case err != nil:
		return nil, errors.New("is not a URL, want https://host:port/<project>")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("has a query, want https://host:port/<project>")
	case strings.Contains(u.Path+"/", "/authorization/"):
		return nil, errors.New("already has /authorization on it: leave that off, want https://host:port/<project>")
	}
	s := &MobileFirst7{RFC7662: RFC7662{url: trimmed + path7}, base: trimmed, anonymous: anonymous}
	if ownChallenge {
		s.realm = realm7
	}
	return s, nil
}

// KeyURL is where the server's public key is.
func (s *MobileFirst7) KeyURL() string { return s.base + "/authorization/v1/publickey" }

// WellFormed implements [Server]: one token, or two with blanks between.
func (s *MobileFirst7) WellFormed(credentials string) bool {
	access, id, two := cutID(credentials)
	return s.RFC7662.WellFormed(access) && (!two || s.RFC7662.WellFormed(id))
}

// cutID splits credentials into the access token and the ID token.
func cutID(credentials string) (access, id string, two bool) {
	access, id, two = strings.Cut(credentials, " ")
	return access, strings.TrimLeft(id, " "), two
}

// ForbiddenScopeChars implements [Server]: clients split a challenge at these.
func (*MobileFirst7) ForbiddenScopeChars() (chars, reason string) {
	return ",=", "at which MobileFirst clients cut a challenge"
}

// question has no "required_scope": the answer to it would be a verdict, and facts are remembered.
func (*MobileFirst7) question(credentials string) url.Values {
	access, id, two := cutID(credentials)
	form := url.Values{"token": {access}}
	if two {
		form.Set("id_token", id)
	}
	return form
}

// read takes 401 with invalid_token for an answer about the token, if no credentials of ours went
// with the question: then nothing else can be meant. IBM's documents do not say what the endpoint
// answers about a bad token; its own Java filter answers so.
func (s *MobileFirst7) read(_ context.Context, res *endpoint.Response, _ *verifier) (reading, error) {
	if s.anonymous && res.Status == http.StatusUnauthorized && namesInvalidToken(res) {
		return reading{in: &Introspection{}}, nil
	}
	return readJSON(s, res)
}

func namesInvalidToken(res *endpoint.Response) bool {
	if errorCode(res.Body) == "invalid_token" {
		return true
	}
	fields := res.Header.Values("WWW-Authenticate")
	return len(fields) == 1 && strings.HasPrefix(strings.ToLower(fields[0]), "bearer ") && strings.Contains(fields[0], `error="invalid_token"`)
}

// subject differs where no credentials of ours were sent: then 401 and 403 are about the token, or
// about a rule that we cannot know. They are no answer, and no reason to leave the server alone.
func (s *MobileFirst7) subject(status int) subject {
	if s.anonymous && (status == http.StatusUnauthorized || status == http.StatusForbidden) {
		return theToken
	}
	return s.RFC7662.subject(status)
}

func (s *MobileFirst7) hint(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "it does not let this service validate tokens: check what the operator of MobileFirst 7.x demands of callers"
	case http.StatusNotFound:
		return "nothing is served there: check the project's name in the base URL, as in https://host:port/<project>"
	}
	return s.RFC7662.hint(status)
}

// instant reads seconds or milliseconds: IBM's documents do not say which.
func (*MobileFirst7) instant(o strictjson.Object, name string) (Instant, error) {
	v, present, err := o.NumberOrString(name)
	if err != nil || !present {
		return 0, err
	}
	return ofEither(v), nil
}

// The members that only MobileFirst 7.x has.
const (
	userID          = "user_id"
	securityContext = "security_context"
)

// check reads them: an identity depends on user_id, and on whether there is a security context.
func (*MobileFirst7) check(o strictjson.Object, left *unread) error {
	if _, _, err := o.String(userID); err != nil {
		return err
	}
	if _, _, err := o.Object(securityContext); err != nil {
		return err
	}
	left.broken("", o)
	return nil
}

// user is the user of the ID token, which the server has verified. An answer about an access token
// alone names its client in user_id and in "imf.sub", and its "imf.user" is empty or absent.
func (*MobileFirst7) user(in *Introspection) (User, bool) {
	context, _ := in.object(securityContext)
	if user, ok, err := context.Object("imf.user"); !ok || err != nil || len(user.Whole()) == 0 {
		return User{}, false
	}
	o, err := strictjson.ParseLenient([]byte(in.Answer()))
	if err != nil {
		return User{}, false
	}
	id, _, err := o.String(userID)
	if err != nil || id == "" {
		return User{}, false
	}
	return User{ID: id}, true
}

// marksOfMobileFirst7 is the realm of its challenges.
func marksOfMobileFirst7(res *endpoint.Response) string {
	if challenges(res, "Bearer", `realm="`+realm7+`"`) {
		return `realm="` + realm7 + `" in its challenge`
	}
	return ""
}

// answersAsMobileFirst7 reports whether an answer at the endpoint's path, to a question about no
// token, is one of this server.
func answersAsMobileFirst7(res *endpoint.Response) bool {
	if res.Status == http.StatusOK {
		o, err := strictjson.ParseLenient(res.Body)
		if err != nil {
			return false
		}
		_, present, err := o.Bool("active")
		return present && err == nil
	}
	return namesInvalidToken(res) && res.Status == http.StatusUnauthorized
}
