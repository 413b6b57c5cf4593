package core

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// introspection is an answer of the authorization server about one token (RFC 7662 section 2.2). It is immutable.
type introspection struct {
	active                              bool
	hasUser, hasApplication, hasDevice  bool
	mobile                              bool          // the mfp-* members are the server's, and were checked
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
		*m.to = within(in.body, v)
	}
	in.scope = granted(within(in.body, strings.Join(strings.FieldsFunc(scope, isBlank), " ")))
	audience, _, err := o.Strings("aud")
	if err != nil {
		return err
	}
	in.audience = audience
	_, bound, err := o.Raw("cnf")
	if err != nil {
		return err
	}
	in.unfit = misfit(bound, tokenType, tokenUse, typ)
	return nil
}

// within returns s as a part of body if it stands there, as it does unless it was escaped: then it takes no memory of its own
// for as long as the answer is remembered.
func within(body, s string) string {
	if i := strings.Index(body, s); i >= 0 {
		return body[i : i+len(s)]
	}
	return s
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
