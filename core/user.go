package core

import (
	"encoding/json"
	"time"
)

// User is the user that a token was issued for.
type User struct {
	// ID identifies the user: mfp-user.id for MobileFirst 8.0, user_id for 7.x; else sub, or username
	// without a sub.
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

// Application is the mobile application that a token was issued to ("mfp-application" of
// MobileFirst 8.0).
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

// User returns the user that the token speaks for. It reports false for a token that speaks for an
// application alone: with MobileFirst 8.0 one without an mfp-user; with other servers one without a
// username, whose sub is missing or is the client itself.
func (p Principal) User() (User, bool) {
	u, ok := p.introspection().User()
	return User(u), ok
}

// Application returns the mobile application of the token. It reports false when the server named
// none, as for tokens of confidential clients.
func (p Principal) Application() (Application, bool) {
	a, ok := p.introspection().Application()
	return Application(a), ok
}

// Device returns the device of the token, or false when the server named none.
func (p Principal) Device() (Device, bool) {
	d, ok := p.introspection().Device()
	return Device(d), ok
}
