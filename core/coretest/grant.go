package coretest

import "time"

// Grant describes a token for [Server.Mint]. The zero value is the token of an app without a
// signed-in user: its scope is "RegisteredClient", it is valid for one hour, and its client
// and device are new.
type Grant struct {
	// Dialect is the kind of server that issues the token. Zero means that of [Server.Only], or
	// else MobileFirst8. A token is valid at the endpoints of its dialect only.
	Dialect Dialect
	// ClientID is the client that the token belongs to. Empty means a new random one, and "test"
	// for a confidential client.
	ClientID string
	// Scope is the granted scope, separated by spaces. Empty means "RegisteredClient" for
	// MobileFirst8, "wl_anonymousUserRealm" for MobileFirst7, and no scope for the others.
	Scope string
	// Lifetime is how long the token is valid. Zero means one hour. With a negative Lifetime the
	// token has already expired.
	Lifetime time.Duration
	// Username is the answer's username. Empty means User.ID, or "anonymous" if there is no user.
	Username string
	// User is the signed-in user. Nil means that no security check set one: mfp-user is null.
	User *User
	// Device is the device the app runs on. Nil means a new random one that is ACTIVE.
	Device *Device
	// Application is the app. Nil means com.example.app 1.0 on android.
	Application *Application
	// Checks is the custom data of security checks by name. Each value may be anything that
	// encoding/json can encode. Nil means none.
	Checks map[string]any
	// Confidential makes the token one of a confidential client, as the token endpoint issues it.
	// User, Device, Application and Checks are then ignored. Only such a token may call the
	// introspection endpoint. MobileFirst7 has no confidential clients.
	Confidential bool
	// Audience goes out as "aud": a string, or a list if there are several. Nil means that there is
	// no "aud". Only Curity and RFC7662 have it.
	Audience []string
	// JWT makes a token of Curity or RFC7662 a JWT as in RFC 9068. Otherwise it is opaque.
	JWT bool
	// Realms has details of realms of MobileFirst7. A realm that Scope names and Realms does not
	// has the zero Realm. One that Scope does not name is added to it.
	Realms map[string]Realm
	// IDToken makes the token an ID token of MobileFirst7, which an app sends behind its access
	// token. See also [Server.MintID].
	IDToken bool
}

// Realm is an element of the scope of MobileFirst 7.x.
type Realm struct {
	// Lifetime is how long the realm is valid. Zero means as long as the token. With a negative
	// Lifetime the realm has already expired.
	Lifetime time.Duration
	// Optional realms may expire: then the scope lacks them. Any other realm that has expired makes
	// the whole token invalid.
	Optional bool
}

// User is the user a security check signed in.
type User struct {
	ID          string
	DisplayName string
	// AuthenticatedBy is the name of the security check.
	AuthenticatedBy string
	// AuthenticatedAt goes out in milliseconds since the Unix epoch. Zero means the moment of Mint.
	AuthenticatedAt time.Time
	// Attributes is additional data: anything that encoding/json can encode. Nil means none.
	Attributes map[string]any
}

// Device is the device a mobile token was issued on.
type Device struct {
	ID       string
	Hardware string
	Platform string
	// DisplayName goes out as null if it is empty.
	DisplayName string
	// Status is ACTIVE, LOST, STOLEN, EXPIRED or DISABLED. Empty means ACTIVE. It only appears in
	// answers. To make tokens inactive, call [Server.DisableDevice].
	Status string
}

// Application is the app a mobile token was issued to.
type Application struct {
	ID string `json:"id"`
	// Platform is android, ios, web or windows.
	Platform string `json:"clientPlatform"`
	Version  string `json:"version"`
}
