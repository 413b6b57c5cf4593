package introspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// MobileFirst8 is IBM MobileFirst Foundation 8.0.
type MobileFirst8 struct {
	RFC7662
	base    string
	hasPath bool // the base ends in /api, as IBM's own servers have it
}

// path8 is the introspection endpoint behind the base.
const path8 = "/az/v1/introspection"

// NewMobileFirst8 returns the server whose runtime has its API at base.
func NewMobileFirst8(base string) (*MobileFirst8, error) {
	trimmed := strings.TrimRight(base, "/")
	u, err := url.Parse(trimmed)
	switch {
	case base == "":
		return nil, errors.New("is empty, want https://host:port/<runtime>/api")
	case err != nil:
		_, err = endpoint.CheckURL(base, true)
		return nil, fmt.Errorf("%w, want https://host:port/<runtime>/api", err)
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("has a query, want https://host:port/<runtime>/api")
	case strings.Contains(u.Path+"/", "/az/v1/"):
		return nil, errors.New("already has /az/v1 on it: leave that off, want https://host:port/<runtime>/api")
	}
	return &MobileFirst8{
		RFC7662: RFC7662{url: trimmed + path8},
		base:    trimmed,
		hasPath: strings.HasSuffix(u.Path, "/api"),
	}, nil
}

// MobileFirst8Scope is the scope that a confidential client needs to introspect.
const MobileFirst8Scope = "authorization.introspect"

// TokenURL is the token endpoint.
func (s *MobileFirst8) TokenURL() string { return s.base + "/az/v1/token" }

// ForbiddenScopeChars implements [Server]: the web client splits a challenge at these.
func (*MobileFirst8) ForbiddenScopeChars() (chars, reason string) {
	return ",=", "at which MobileFirst clients cut a challenge"
}

// ConflictField implements [Server]. The clients look for this spelling.
func (*MobileFirst8) ConflictField() (name, value string) { return "MFP-Conflict", "true" }

// IsDefaultClient implements [Server].
func (*MobileFirst8) IsDefaultClient(id, secret string) bool {
	switch id + ":" + secret {
	case "test:test", "admin:nimda", "push:hsup":
		return true
	}
	return false
}

// read relays a conflict: the server asks the client to repeat its request.
func (s *MobileFirst8) read(_ context.Context, res *endpoint.Response, _ *verifier) (reading, error) {
	if res.Status == http.StatusConflict {
		return reading{}, ErrConflict
	}
	return readJSON(s, res)
}

func (s *MobileFirst8) hint(status int) string {
	switch {
	case status == http.StatusForbidden:
		return "the confidential client lacks the scope " + MobileFirst8Scope
	case status == http.StatusNotFound && s.hasPath:
		return "nothing is served there: check the runtime's name in the base URL"
	case status == http.StatusNotFound:
		return "nothing is served there: the base URL of MobileFirst 8.0 ends in /api, as in https://host:port/<runtime>/api"
	}
	return s.RFC7662.hint(status)
}

// instant reads seconds or milliseconds, a number or a string. MobileFirst 8.0 sends milliseconds
// in "exp"; servers that replace it send seconds.
func (*MobileFirst8) instant(o strictjson.Object, name string) (Instant, error) {
	v, present, err := o.NumberOrString(name)
	if err != nil || !present {
		return 0, err
	}
	return ofEither(v), nil
}

// The members that only MobileFirst has.
const (
	mfpApplication = "mfp-application"
	mfpDevice      = "mfp-device"
	mfpUser        = "mfp-user"
	mfpChecks      = "mfp-checks"
	mfpAttributes  = "attributes" // of mfp-user
)

// check reads MobileFirst's members. Tokens of confidential clients have no application, device or
// user. An identity depends on the user and its id, and on the
// application and its id. The other members are only shown, and left out where they cannot be read.
func (*MobileFirst8) check(o strictjson.Object, left *unread) error {
	app, _, err := o.Object(mfpApplication)
	if err != nil {
		return err
	}
	user, _, err := o.Object(mfpUser)
	if err != nil {
		return err
	}
	_, errApp := readApplication(app, left)
	_, errUser := readUser(user, left)
	if err := errors.Join(errApp, errUser); err != nil {
		return err
	}
	device, _, err := o.Object(mfpDevice)
	left.add("", err)
	readDevice(device, left)
	checks, _, err := o.Object(mfpChecks)
	left.add("", err)
	left.broken(mfpChecks, checks)
	left.broken("", o, mfpApplication, mfpDevice, mfpUser, mfpChecks) // they are named one by one
	return nil
}

// user reports false for a mere application token, and for the user "anonymous", which MobileFirst
// names where there is none.
func (*MobileFirst8) user(in *Introspection) (User, bool) {
	o, ok := in.object(mfpUser)
	u, err := readUser(o, nil)
	if !ok || err != nil || u.ID == "" || u.ID == "anonymous" {
		return User{}, false
	}
	return u, true
}

func (*MobileFirst8) application(in *Introspection) (Application, bool) {
	o, ok := in.object(mfpApplication)
	a, err := readApplication(o, nil)
	return a, ok && err == nil
}

func (*MobileFirst8) device(in *Introspection) (Device, bool) {
	o, ok := in.object(mfpDevice)
	return readDevice(o, nil), ok
}

func readApplication(o strictjson.Object, left *unread) (a Application, err error) {
	if a.ID, _, err = o.String("id"); err != nil {
		return Application{}, fmt.Errorf("in %s: %w", mfpApplication, err)
	}
	left.show(mfpApplication, o, []member{{"clientPlatform", &a.Platform}, {"version", &a.Version}})
	left.broken(mfpApplication, o)
	return a, nil
}

func readDevice(o strictjson.Object, left *unread) (d Device) {
	left.show(mfpDevice, o, []member{
		{"id", &d.ID},
		{"hardware", &d.Hardware},
		{"platform", &d.Platform},
		{"deviceDisplayName", &d.DisplayName},
		{"status", &d.Status},
	})
	left.broken(mfpDevice, o)
	return d
}

func readUser(o strictjson.Object, left *unread) (u User, err error) {
	if u.ID, _, err = o.String("id"); err != nil {
		return User{}, fmt.Errorf("in %s: %w", mfpUser, err)
	}
	left.show(mfpUser, o, []member{{"displayName", &u.DisplayName}, {"authenticatedBy", &u.AuthenticatedBy}})
	at, present, err := o.Number("authenticatedAt")
	left.add(mfpUser, err)
	if present {
		u.AuthenticatedAt = max(Instant(min(max(at, 0), float64(endOfTime))), 0).Time() // milliseconds
	}
	attributes, _, err := o.Object(mfpAttributes)
	left.add(mfpUser, err)
	left.broken("the attributes of "+mfpUser, attributes)
	left.broken(mfpUser, o, mfpAttributes)
	u.Attributes = attributes.Whole()
	return u, nil
}

// marksOfMobileFirst8 are the scope that it wants of those that introspect, its way to report a
// conflict, and the errors of its REST API.
func marksOfMobileFirst8(res *endpoint.Response) string {
	switch {
	case challenges(res, "Bearer", MobileFirst8Scope):
		return MobileFirst8Scope + " in its challenge"
	case res.Header.Get("MFP-Conflict") != "":
		return "the field MFP-Conflict"
	case stringOf(res, "errorCode") != "" && stringOf(res, "errorMsg") != "":
		return "errorCode and errorMsg in its error"
	}
	return ""
}

// answersAsMobileFirst8 reports whether an answer at the endpoint's path, to a question without
// credentials, is one of this server.
func answersAsMobileFirst8(res *endpoint.Response) bool {
	return res.Status == http.StatusUnauthorized && challenges(res, "Bearer")
}
