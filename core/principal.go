package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// Principal is who an accepted token speaks for: an application, and maybe a user. It is a small immutable value, safe to
// keep, to copy and to share; what its methods return is the caller's own. Its String and its log value leave personal data
// out. The zero Principal is nobody.
//
// What no decision and no identity hangs on is left out where it cannot be read: because its text is broken, it is there
// twice, or it is of another type. A field of User, Application or Device, the ids of user and application excepted, is
// then the zero value, an attribute, a check or another member absent.
type Principal struct{ in *introspection }

// User is the user that a token was issued for.
type User struct {
	// ID identifies the user: mfp-user.id for MobileFirst 8.0, else sub, or username where there is no sub.
	ID string `json:"id"`
	// DisplayName is for people to read; it may be empty.
	DisplayName string `json:"display_name,omitempty"`
	// AuthenticatedBy names the security check that authenticated the user (MobileFirst).
	AuthenticatedBy string `json:"authenticated_by,omitempty"`
	// AuthenticatedAt is when that happened (MobileFirst); the zero time when the server did not say.
	AuthenticatedAt time.Time `json:"authenticated_at,omitzero"`
	// Attributes are what the security check attached, as JSON values by name (MobileFirst).
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"`
}

// Application is the mobile application that a token was issued to (mfp-application of MobileFirst 8.0).
type Application struct {
	ID       string `json:"id"`
	Platform string `json:"platform,omitempty"` // for instance "android"
	Version  string `json:"version,omitempty"`
}

// Device is the device that a token was issued to (mfp-device of MobileFirst 8.0).
type Device struct {
	ID          string `json:"id"`
	Hardware    string `json:"hardware,omitempty"`
	Platform    string `json:"platform,omitempty"` // with version, for instance "android 12"
	DisplayName string `json:"display_name,omitempty"`
	Status      string `json:"status,omitempty"` // ACTIVE, LOST, STOLEN, EXPIRED or DISABLED
}

type contextKey struct{}

// NewContext returns a copy of ctx that carries p. Adapters call it.
func NewContext(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext returns the Principal of the request that ctx belongs to. It reports false when no guard has put one there:
// the route is not guarded, or its requirement is Optional and the request came without a token.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(Principal)
	return p, ok && p.in != nil
}

// facts is the answer behind p, an empty one for the zero Principal.
func (p Principal) facts() *introspection {
	if p.in == nil {
		return &introspection{}
	}
	return p.in
}

// ClientID returns the client that the token was issued to ("client_id").
func (p Principal) ClientID() string { return p.facts().clientID }

// Subject returns "sub"; MobileFirst does not send it.
func (p Principal) Subject() string { return p.facts().subject }

// Username returns "username" as the server sent it. It is no proof of a user: MobileFirst 8.0 sends "anonymous" for a token
// without one. Use User.
func (p Principal) Username() string { return p.facts().username }

// Issuer returns "iss", or "".
func (p Principal) Issuer() string { return p.facts().issuer }

// Audience returns "aud", a string or a list on the wire.
func (p Principal) Audience() []string { return slices.Clone(p.facts().audience) }

// Scope returns the granted scope elements, separated by single blanks.
func (p Principal) Scope() string { return string(p.facts().scope) }

// HasScope reports whether the scope element was granted, compared whole.
func (p Principal) HasScope(element string) bool { return p.facts().scope.has(element) }

// ExpiresAt returns when the token ends ("exp"), or the zero time when the server did not say.
func (p Principal) ExpiresAt() time.Time { return p.facts().expires.time() }

// User returns the user that the token speaks for. It reports false for a mere application token: for MobileFirst 8.0 one
// without an mfp-user, for other servers one without username whose sub is missing or is the client itself.
func (p Principal) User() (User, bool) {
	in := p.facts()
	if !in.hasUser {
		return User{}, false
	}
	if in.mobile {
		o, _ := in.object("mfp-user")
		u, err := mfpUser(o, nil)
		return u, err == nil
	}
	u := User{ID: in.subject, DisplayName: in.username}
	if u.ID == "" {
		u.ID = in.username
	}
	return u, true
}

// Application returns the mobile application of the token. It reports false when the server named none, as for tokens of
// confidential clients.
func (p Principal) Application() (Application, bool) {
	if in := p.facts(); in.hasApplication {
		o, _ := in.object("mfp-application")
		a, err := mfpApplication(o, nil)
		return a, err == nil
	}
	return Application{}, false
}

// Device returns the device of the token, or false when the server named none.
func (p Principal) Device() (Device, bool) {
	if in := p.facts(); in.hasDevice {
		o, ok := in.object("mfp-device")
		return mfpDevice(o, nil), ok
	}
	return Device{}, false
}

// Check decodes what the named MobileFirst security check has attached to the token (a member of "mfp-checks") into the
// value that into points to. It reports whether the check is there; the error is that of encoding/json. MobileFirst lists
// only checks with data, so absence does not mean that a check was not passed: ask for its scope.
func (p Principal) Check(name string, into any) (bool, error) {
	checks, _ := p.facts().object("mfp-checks")
	return decodeMember(checks, name, into)
}

// Member decodes any member of the server's answer, by its exact name, into the value that into points to. It reports
// whether the member is there; the error is that of encoding/json. It parses the answer each time.
func (p Principal) Member(name string, into any) (bool, error) {
	o, _ := strictjson.ParseLenient([]byte(p.facts().body))
	return decodeMember(o, name, into)
}

func decodeMember(o strictjson.Object, name string, into any) (bool, error) {
	raw, ok, err := o.Raw(name)
	if err != nil || !ok {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return true, fmt.Errorf("core: member %q: %w", name, err)
	}
	return true, nil
}

// object returns a member that is an object. The answer was checked when it came.
func (in *introspection) object(name string) (strictjson.Object, bool) {
	o, err := strictjson.ParseLenient([]byte(in.body))
	if err != nil {
		return strictjson.Object{}, false
	}
	member, ok, err := o.Object(name)
	return member, ok && err == nil
}

// String names the client only.
func (p Principal) String() string { return "client " + p.ClientID() }

// LogValue implements slog.LogValuer: the client and the end of the token, no personal data.
func (p Principal) LogValue() slog.Value {
	return slog.GroupValue(slog.String("client_id", p.ClientID()), slog.Time("expires_at", p.ExpiresAt()))
}

// MarshalJSON writes client_id, scope, username, user, application, device and expires_at (RFC 3339); what the token does not
// have is null. It is meant for answering "who am I".
func (p Principal) MarshalJSON() ([]byte, error) {
	if p.in == nil {
		return nil, errors.New("core: the zero Principal has no JSON form")
	}
	return json.Marshal(struct {
		ClientID    string       `json:"client_id"`
		Scope       string       `json:"scope"`
		Username    string       `json:"username"`
		User        *User        `json:"user"`
		Application *Application `json:"application"`
		Device      *Device      `json:"device"`
		ExpiresAt   *time.Time   `json:"expires_at"`
	}{
		p.ClientID(), p.Scope(), p.Username(),
		some(p.User()), some(p.Application()), some(p.Device()), some(p.ExpiresAt().UTC(), !p.ExpiresAt().IsZero()),
	})
}

func some[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}
