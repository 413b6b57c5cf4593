// Package introspect asks an authorization server about tokens (RFC 7662 section 2) and reads what
// it says. It answers "what does the server say"; package core answers "may the request pass".
//
// A [Server] is one kind of authorization server, and has a file of its own. All that differs
// from the others stands there: which characters a token may have, what the question looks like,
// what a status means, in which unit times come, who the user is, and which challenge its
// clients can read. [RFC7662] is the base; others embed it.
//
// The [Introspector] sends the question, bounded and repeated as its file says, and returns an
// [Introspection]: facts, and no verdict.
package introspect

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// Server is one kind of authorization server. It is immutable and safe for concurrent use. No
// other package can implement it.
type Server interface {
	// URL is the introspection endpoint.
	URL() string
	// WellFormed reports whether credentials, what stands behind "Bearer ", can be a token.
	WellFormed(credentials string) bool
	// Challenge is the WWW-Authenticate value for an error code and the scope that was missing.
	// Each may be "".
	Challenge(code, scope string) string
	// ForbiddenScopeChars are the characters that a required scope must not have, and the reason.
	ForbiddenScopeChars() (chars, reason string)
	// ConflictField is the response field that tells a client of a conflict. Name is "" for a server
	// that reports none.
	ConflictField() (name, value string)
	// IsDefaultClient reports whether these credentials come with the server and are known to all.
	IsDefaultClient(id, secret string) bool
	// Answers is how the server signs its answers, nil if it does not.
	Answers() *JWTAnswers

	// question is the form to send.
	question(credentials string) url.Values
	// accept is the media type to ask for.
	accept() string
	// read takes an answer for what it says. V is nil if Answers is. An error that is no
	// *EndpointError is about the answer's content.
	read(ctx context.Context, res *endpoint.Response, v *verifier) (reading, error)
	// subject is what an answer with this status, which read did not take, is about.
	subject(status int) subject
	// hint says what to look at, for an answer with this status.
	hint(status int) string

	dialect
}

// dialect is how a server's answers are written.
type dialect interface {
	// instant reads a time.
	instant(o strictjson.Object, name string) (Instant, error)
	// check reads the members that only this server has. What a decision or an identity depends on
	// must be readable; other members that cannot be read are added to left.
	check(o strictjson.Object, left *unread) error

	user(in *Introspection) (User, bool)
	application(in *Introspection) (Application, bool)
	device(in *Introspection) (Device, bool)
	checks(in *Introspection) strictjson.Object
}

// User is the user that a token was issued for.
type User struct {
	ID              string
	DisplayName     string
	AuthenticatedBy string
	AuthenticatedAt time.Time
	Attributes      map[string]json.RawMessage
}

// Application is the application that a token was issued to.
type Application struct {
	ID, Platform, Version string
}

// Device is the device that a token was issued to.
type Device struct {
	ID, Hardware, Platform, DisplayName, Status string
}

// reading is what a server makes of an answer.
type reading struct {
	in    *Introspection
	left  unread // members that are only shown and cannot be read
	notes string // for the operator, once; "" for nothing
}

// subject is what a failed call is about.
type subject uint8

const (
	theEndpoint subject = iota // it is out of order for all tokens
	theToken                   // this one token, its length for instance
	theClient                  // us: our credentials or our permission
)

// ErrConflict is the answer of a server that asks the client to repeat its request.
var ErrConflict = errors.New("the authorization server reports a conflict of client state")
