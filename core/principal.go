package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
)

// Principal is who an accepted token speaks for: an application, and maybe a user. It is a small
// immutable value, safe to keep, to copy and to share; what its methods return belongs to the
// caller. Its String and its log value have no personal data. The zero Principal stands for no
// caller.
//
// Members of an answer that no decision and no identity depends on are left out where they cannot
// be read: their text is broken, they are there twice, or they have another type. A field of
// [User], [Application] or [Device] is then the zero value (the ids of user and application
// excepted: they must be readable). An attribute, a check or another member is then absent.
type Principal struct {
	in   *introspect.Introspection
	from *origin
}

// origin is where an answer comes from. A Verifier has one for answers that were remembered, and
// one for those that were asked for; the two tell if the server was asked.
type origin struct{ v *Verifier }

// NewContext returns a copy of ctx that carries p, as the context of an accepted request does. It
// is for tests of handlers; adapters call [Guard.Context].
func NewContext(ctx context.Context, p Principal) context.Context {
	return &principalContext{ctx, p}
}

// FromContext returns the Principal of the request that ctx belongs to. It reports false when no
// guard has put one there: the route has no guard, or its requirement is Optional and the request
// came without a token. Where each request must have a caller, use [MustFromContext].
func FromContext(ctx context.Context) (Principal, bool) {
	c, ok := ctx.Value(contextKey{}).(*principalContext)
	if !ok || c.p.in == nil {
		return Principal{}, false
	}
	return c.p, true
}

// MustFromContext returns the Principal of the request that ctx belongs to. It panics when there
// is none, because then the route has no guard: a mistake in the program, which must not answer as
// if there were a caller. Frameworks answer 500 to a panic.
func MustFromContext(ctx context.Context) Principal {
	p, ok := FromContext(ctx)
	if !ok {
		panic("core: the context has no Principal: the route has no guard (adapters' Require), or the guard is Optional and needs FromContext")
	}
	return p
}

type contextKey struct{}

// principalContext is a context with a Principal. It is its own value for contextKey, so that one
// allocation is enough.
type principalContext struct {
	context.Context
	p Principal
}

// String names the context, and shows nothing of the Principal.
func (c *principalContext) String() string { return fmt.Sprint(c.Context) + ".WithPrincipal" }

// Value implements context.Context.
func (c *principalContext) Value(key any) any {
	if key == (contextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// introspection is the answer behind p, an inactive one for the zero Principal.
func (p Principal) introspection() *introspect.Introspection {
	if p.in == nil {
		return inactiveAnswer
	}
	return p.in
}

// ClientID returns the client that the token was issued to ("client_id"), or "". MobileFirst 7.x
// does not send it.
func (p Principal) ClientID() string { return p.introspection().ClientID() }

// Subject returns "sub", or "". MobileFirst 8.0 does not send it.
func (p Principal) Subject() string { return p.introspection().Subject() }

// Username returns "username" as the server sent it. It does not prove that there is a user:
// MobileFirst 8.0 sends "anonymous" for a token without one. Use [Principal.User].
func (p Principal) Username() string { return p.introspection().Username() }

// Issuer returns "iss", or "".
func (p Principal) Issuer() string { return p.introspection().Issuer() }

// Audience returns "aud", a string or a list on the wire.
func (p Principal) Audience() []string { return slices.Clone(p.introspection().Audience) }

// Scope returns the granted scope elements, separated by single blanks.
func (p Principal) Scope() string { return string(p.introspection().Scope()) }

// HasScope reports whether the scope element was granted, compared whole.
func (p Principal) HasScope(element string) bool { return p.introspection().Scope().Has(element) }

// ExpiresAt returns when the token ends ("exp"), or the zero time when the server did not say.
func (p Principal) ExpiresAt() time.Time { return p.introspection().Expires.Time() }

// Check decodes what a MobileFirst security check has attached to the token (the member with that
// name in "mfp-checks") into the value that into points to. It reports whether the check is there;
// the error is that of encoding/json. MobileFirst lists only checks with data, so a check that is
// absent may have been passed: ask for its scope.
func (p Principal) Check(name string, into any) (bool, error) {
	raw, ok := p.introspection().Check(name)
	return decodeMember(raw, ok, name, into)
}

// Member decodes a member of the server's answer, by its exact name, into the value that into
// points to. It reports whether the member is there; the error is that of encoding/json. It parses
// the answer each time.
func (p Principal) Member(name string, into any) (bool, error) {
	raw, ok := p.introspection().Member(name)
	return decodeMember(raw, ok, name, into)
}

func decodeMember(raw []byte, ok bool, name string, into any) (bool, error) {
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return true, fmt.Errorf("core: member %q: %w", name, err)
	}
	return true, nil
}

// String names the client only.
func (p Principal) String() string { return "client " + p.ClientID() }

// GoString is String.
func (p Principal) GoString() string { return p.String() }

// LogValue implements slog.LogValuer: the client and the end of the token, no personal data.
func (p Principal) LogValue() slog.Value {
	return slog.GroupValue(slog.String("client_id", p.ClientID()), slog.Time("expires_at", p.ExpiresAt()))
}

// MarshalJSON writes client_id, scope, username, user, application, device and expires_at (RFC
// 3339), and null for what the token does not have. It is meant for answering "who am I".
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
		ptrIf(p.User()), ptrIf(p.Application()), ptrIf(p.Device()), ptrIf(p.ExpiresAt().UTC(), !p.ExpiresAt().IsZero()),
	})
}

func ptrIf[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}
