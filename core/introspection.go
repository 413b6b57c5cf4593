package core

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"
	"unsafe"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// introspection is an answer of the authorization server about one token (RFC 7662 section 2.2). It is immutable.
type introspection struct {
	active                              bool
	hasUser, hasApplication, hasDevice  bool
	mobile                              bool          // the mfp-* members are the server's, and were checked
	own                                 int32         // bytes of what does not stand in body: see keep
	asked                               time.Duration // since the verifier's epoch: just before the question was sent
	scope                               granted
	clientID, username, subject, issuer string
	audience                            []string
	expires, notBefore, issuedAt        instant
	unfit                               string // why it is no bearer access token, "" if it is one
	body                                string // the whole answer, for the members that few ask for
}

// instant is a time in milliseconds since the Unix epoch; 0 means that the answer has none.
type instant int64

// endOfTime is where later instants are clamped to: 9999-12-31T23:59:59Z, the last that RFC 3339 can write.
const endOfTime instant = 253402300799000

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i))
}

// decode reads an answer with status 200. Everything that a decision or an identity hangs on must have its exact name and type;
// what is not so is the server's trouble, never access.
func (p *Profile) decode(body []byte) (*introspection, error) {
	in, _, err := p.read(body)
	return in, err
}

// read is decode, and tells which members were left out: those that are only shown, and cannot be read.
func (p *Profile) read(body []byte) (*introspection, unread, error) {
	var left unread
	o, err := strictjson.ParseLenient(body)
	if err != nil {
		return nil, left, &notJSONError{err}
	}
	in := &introspection{}
	active, present, err := o.Bool("active")
	switch {
	case err != nil:
		return nil, left, err
	case !present:
		return nil, left, errors.New(`member "active" is missing`)
	case !active:
		return in, left, nil // other members of an inactive answer mean nothing
	}
	in.active = true
	in.body = string(body)
	if err := in.strings(o); err != nil {
		return nil, left, err
	}
	for _, m := range [...]struct {
		name string
		to   *instant
	}{{"exp", &in.expires}, {"nbf", &in.notBefore}, {"iat", &in.issuedAt}} {
		if *m.to, err = p.instant(o, m.name); err != nil {
			return nil, left, err
		}
	}
	if p.members != nil {
		if err := p.members(o, in, &left); err != nil {
			return nil, left, err
		}
	}
	if in.mobile {
		left.broken("", o, mfpObjects...) // theirs are named one by one
	} else {
		left.broken("", o)
	}
	return in, left, nil
}

// notJSONError says that an answer is not even JSON: then it hardly comes from the endpoint that we mean.
type notJSONError struct{ err error }

func (e *notJSONError) Error() string { return e.err.Error() }
func (e *notJSONError) Unwrap() error { return e.err }

func (in *introspection) strings(o strictjson.Object) error {
	var scope, tokenType, tokenUse, typ string
	for _, m := range [...]struct {
		name string
		to   *string
	}{
		{"scope", &scope},
		{"client_id", &in.clientID},
		{"username", &in.username},
		{"sub", &in.subject},
		{"iss", &in.issuer},
		{"token_type", &tokenType},
		{"token_use", &tokenUse},
		{"typ", &typ},
	} {
		v, _, err := o.OptionalString(m.name)
		if err != nil {
			return err
		}
		*m.to = in.keep(v)
	}
	in.scope = granted(in.keep(strings.Join(strings.FieldsFunc(scope, isBlank), " ")))
	audience, _, err := o.Strings("aud")
	if err != nil {
		return err
	}
	in.audience = audience
	in.count(cap(audience) * int(unsafe.Sizeof("")))
	for _, a := range audience {
		in.count(len(a))
	}
	_, bound, err := o.Raw("cnf")
	if err != nil {
		return err
	}
	in.unfit = misfit(bound, tokenType, tokenUse, typ)
	return nil
}

// keep returns s as a part of the body if it stands there, as it does unless it was escaped: then it takes no memory of its own
// for as long as the answer is remembered.
func (in *introspection) keep(s string) string {
	if i := strings.Index(in.body, s); i >= 0 {
		return in.body[i : i+len(s)]
	}
	in.count(len(s))
	return s
}

// count adds n bytes on the heap to what the answer owns besides itself and its body.
func (in *introspection) count(n int) {
	in.own = int32(min(int(in.own)+allocated(n), math.MaxInt32))
}

// size is what a remembered answer takes, in bytes.
func (in *introspection) size() int {
	return allocated(int(unsafe.Sizeof(*in))) + allocated(len(in.body)) + int(in.own)
}

// allocated is about what the heap takes for n bytes. Go's allocator has eight or so sizes between a power of two and the next,
// and whole pages above 32 KiB.
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

// isBlank is what stands between scope elements (RFC 6749 section 3.3); a tab does not.
func isBlank(r rune) bool { return r == ' ' }

// granted is a set of scope elements, separated by single blanks.
type granted string

// has says whether the element was granted, compared whole.
func (g granted) has(element string) bool {
	rest := string(g)
	for rest != "" {
		var next string
		if next, rest, _ = strings.Cut(rest, " "); next == element {
			return true
		}
	}
	return false
}

// misfit says why an active token must not be taken as a bearer access token: it is of another type, it is a refresh or ID
// token, or it is bound to a key that the caller has not proved to hold (RFC 8705, RFC 9449), which we cannot check.
func misfit(bound bool, tokenType, tokenUse, typ string) string {
	if tokenType != "" && !strings.EqualFold(tokenType, "Bearer") {
		return "its token_type is not Bearer"
	}
	for _, use := range []string{tokenUse, typ} {
		switch strings.ToLower(use) {
		case "refresh_token", "refresh", "offline", "id_token", "id":
			return "it is not an access token"
		}
	}
	if bound {
		return "it is bound to a key (cnf)"
	}
	return ""
}

// millisFrom is where numbers begin to be milliseconds for a server that mixes units: 1e11 seconds is the year 5138, 1e11
// milliseconds is 1973.
const millisFrom = 1e11

// instant reads a time in the unit of the profile. A time before 1970 is the first instant, which is always past.
func (p *Profile) instant(o strictjson.Object, name string) (instant, error) {
	number := o.Number
	if p.lenientTimes {
		number = o.NumberOrString
	}
	v, present, err := number(name)
	switch {
	case err != nil:
		return 0, err
	case !present:
		return 0, nil
	case v >= millisFrom && !p.lenientTimes:
		return 0, fmt.Errorf("member %q looks like milliseconds, want seconds since 1970", name)
	case v < millisFrom:
		v = math.Floor(v) * 1000
	}
	return instant(min(max(v, 1), float64(endOfTime))), nil
}
