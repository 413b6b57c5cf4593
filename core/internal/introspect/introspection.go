package introspect

import (
	"bytes"
	"math/bits"
	"strings"
	"time"
	"unsafe"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// Introspection is what a server says about one token: facts, which package core holds against what
// a route needs. It is immutable, but for when it is due. The zero Introspection is an inactive
// answer.
//
// Most of its strings are parts of the answer itself, so it holds little beside it.
type Introspection struct {
	again int64 // see Due; the first field, so that all machines can read it atomically

	text   string // the answer, then the strings that do not stand in it as they are
	server Server // nil for an inactive answer

	// Asked is when the question was sent, on the clock of the one who asked.
	Asked time.Duration
	// Expires, NotBefore, IssuedAt and AuthTime are "exp", "nbf", "iat" and "auth_time".
	Expires, NotBefore, IssuedAt, AuthTime Instant
	// KeepFor bounds for how long the answer may be remembered, from Asked. Zero means no bound, a
	// negative time that it must not be remembered.
	KeepFor time.Duration
	// Audience is "aud".
	Audience []string
	// Key is that of the token in the cache of the one who asked. It must not be shown: a struct that
	// is printed shows pointers and not what they point to, so it stays behind one.
	Key [16]byte

	scope, clientID, username, subject, issuer, acr, confirmation span

	length    uint32 // of the answer
	Active    bool
	TokenType TokenType
	Use       Use
}

// TokenType is the kind of credentials that a token needs ("token_type").
type TokenType uint8

// The token types.
const (
	TypeUnstated TokenType = iota
	TypeBearer
	TypeDPoP // RFC 9449
	TypeOther
)

// Use is what a token is for.
type Use uint8

// The uses. A server that does not say otherwise means an access token.
const (
	UseAccess Use = iota
	UseRefresh
	UseID
)

// span is a part of Introspection.text.
type span struct{ start, length uint32 }

func (in *Introspection) at(s span) string { return in.text[s.start : s.start+s.length] }

// Scope returns the granted scope elements.
func (in *Introspection) Scope() Scope { return Scope(in.at(in.scope)) }

// ClientID returns "client_id".
func (in *Introspection) ClientID() string { return in.at(in.clientID) }

// Username returns "username".
func (in *Introspection) Username() string { return in.at(in.username) }

// Subject returns "sub".
func (in *Introspection) Subject() string { return in.at(in.subject) }

// Issuer returns "iss".
func (in *Introspection) Issuer() string { return in.at(in.issuer) }

// AuthContext returns "acr", the authentication context class.
func (in *Introspection) AuthContext() string { return in.at(in.acr) }

// Confirmation returns "cnf" as JSON: the key that the token is bound to (RFC 7800), "" for none.
func (in *Introspection) Confirmation() string { return in.at(in.confirmation) }

// IsBound reports whether the token is bound to a key ("cnf" is there).
func (in *Introspection) IsBound() bool { return in.confirmation.length != 0 }

// Answer returns the server's answer, "" for an inactive one.
func (in *Introspection) Answer() string { return in.text[:in.length] }

// keepFor sets KeepFor, where zero means not at all.
func (in *Introspection) keepFor(d time.Duration) {
	if d <= 0 {
		d = -1
	}
	in.KeepFor = d
}

// User returns the user that the token speaks for, if there is one.
func (in *Introspection) User() (User, bool) {
	if in.server == nil {
		return User{}, false
	}
	return in.server.user(in)
}

// Application returns the application that the token was issued to, if the server names one.
func (in *Introspection) Application() (Application, bool) {
	if in.server == nil {
		return Application{}, false
	}
	return in.server.application(in)
}

// Device returns the device that the token was issued to, if the server names one.
func (in *Introspection) Device() (Device, bool) {
	if in.server == nil {
		return Device{}, false
	}
	return in.server.device(in)
}

// Check returns what a security check has attached to the token, as JSON.
func (in *Introspection) Check(name string) (raw []byte, ok bool) {
	if in.server == nil {
		return nil, false
	}
	return value(in.server.checks(in), name)
}

// Member returns a member of the answer, as JSON.
func (in *Introspection) Member(name string) (raw []byte, ok bool) {
	o, _ := strictjson.ParseLenient([]byte(in.Answer()))
	return value(o, name)
}

func value(o strictjson.Object, name string) (raw []byte, ok bool) {
	raw, ok, err := o.Raw(name)
	return raw, ok && err == nil
}

// object returns a member that is an object. The answer was checked when it came.
func (in *Introspection) object(name string) (strictjson.Object, bool) {
	o, err := strictjson.ParseLenient([]byte(in.Answer()))
	if err != nil {
		return strictjson.Object{}, false
	}
	member, ok, err := o.Object(name)
	return member, ok && err == nil
}

// writer makes the text of an Introspection: the answer, and behind it the strings that were
// escaped in the answer and so do not stand there as they are.
type writer struct{ text []byte }

// span returns where s stands in the text, and adds it if it does not.
func (w *writer) span(s string) span {
	start := bytes.Index(w.text, []byte(s))
	if start < 0 {
		return w.add(s)
	}
	return span{uint32(start), uint32(len(s))}
}

func (w *writer) add(s string) span {
	start := len(w.text)
	w.text = append(w.text, s...)
	return span{uint32(start), uint32(len(s))}
}

// spans is span for the elements of an array. They stand one behind the other; from the first that
// does not, all are added, so that a long array takes no long search.
func (w *writer) spans(elements []string) []span {
	all, from, add := make([]span, len(elements)), 0, false
	for i, s := range elements {
		if !add {
			next := bytes.Index(w.text[from:], []byte(`"`+s+`"`))
			if add = next < 0; !add {
				all[i] = span{uint32(from + next + 1), uint32(len(s))}
				from += next + 1 + len(s)
				continue
			}
		}
		all[i] = w.add(s)
	}
	return all
}

// Clone returns a copy with a text of its own. Its Audience shares the old text.
func (in *Introspection) Clone() *Introspection {
	next := *in
	next.text = strings.Clone(in.text)
	return &next
}

// Size returns about what a remembered answer takes on the heap, in bytes.
func (in *Introspection) Size() int {
	return allocated(int(unsafe.Sizeof(*in))) + allocated(len(in.text)) + allocated(cap(in.Audience)*int(unsafe.Sizeof("")))
}

// allocated returns about what the heap takes for n bytes. Go's allocator has eight or so sizes
// between a power of two and the next, and whole pages above 32 KiB.
func allocated(n int) int {
	const page = 8 << 10
	step := 8
	switch {
	case n > 4*page:
		step = page
	case n > 32:
		step = max(16, 1<<(bits.Len(uint(n-1))-4))
	}
	return (n + step - 1) / step * step
}
