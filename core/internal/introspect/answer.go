package introspect

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/oauth"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// errStatus marks an answer whose status says that it has no introspection.
var errStatus = errors.New("the status is not 200")

// notJSONError says that an answer is not even JSON: it does not come from an introspection
// endpoint.
type notJSONError struct{ err error }

func (e *notJSONError) Error() string { return e.err.Error() }
func (e *notJSONError) Unwrap() error { return e.err }

const mediaJSON = "application/json"

// readJSON reads an answer with status 200 and a JSON body (RFC 7662 section 2.2).
func readJSON(s Server, res *endpoint.Response) (reading, error) {
	if res.Status != http.StatusOK {
		return reading{}, errStatus
	}
	if mediaType(res.Header) != mediaJSON {
		return reading{}, &notJSONError{errors.New("the answer's Content-Type is not " + mediaJSON)}
	}
	return decode(s, res.Body)
}

// Decode reads the body of an answer with status 200.
func Decode(s Server, body []byte) (*Introspection, error) {
	r, err := decode(s, body)
	return r.in, err
}

// decode reads the body of an answer. All that a decision or an identity depends on must have its
// exact name and type; an answer where it does not is the server's trouble, and never access.
func decode(s Server, body []byte) (reading, error) {
	o, err := strictjson.ParseLenient(body)
	if err != nil {
		return reading{}, &notJSONError{err}
	}
	active, present, err := o.Bool("active")
	switch {
	case err != nil:
		return reading{}, err
	case !present:
		return reading{}, errors.New(`member "active" is missing`)
	case !active:
		return reading{in: &Introspection{}}, nil // other members of an inactive answer mean nothing
	}
	return decodeActive(s, body, o)
}

// decodeActive reads what an answer says about an active token. Body is o as it came.
func decodeActive(s Server, body []byte, o strictjson.Object) (reading, error) {
	r := reading{in: &Introspection{Active: true, server: s}}
	if err := r.in.strings(o, body); err != nil {
		return reading{}, err
	}
	if err := r.in.times(o); err != nil {
		return reading{}, err
	}
	if err := s.check(o, &r.left); err != nil {
		return reading{}, err
	}
	return r, nil
}

// times reads the members that are times, in the server's unit.
func (in *Introspection) times(o strictjson.Object) (err error) {
	for _, m := range [...]struct {
		name string
		to   *Instant
	}{{"exp", &in.Expires}, {"nbf", &in.NotBefore}, {"iat", &in.IssuedAt}} {
		if *m.to, err = in.server.instant(o, m.name); err != nil {
			return err
		}
	}
	in.AuthTime, _ = in.server.instant(o, "auth_time") // absent and unreadable are the same: no proof
	return nil
}

// strings reads the members that are strings, and "cnf".
func (in *Introspection) strings(o strictjson.Object, body []byte) error {
	w := writer{slices.Clip(body)}
	var scope, tokenType, tokenUse, typ string
	for _, m := range [...]struct {
		name string
		to   *string
		span *span
	}{
		{"scope", &scope, nil},
		{"client_id", nil, &in.clientID},
		{"username", nil, &in.username},
		{"sub", nil, &in.subject},
		{"iss", nil, &in.issuer},
		{"token_type", &tokenType, nil},
		{"token_use", &tokenUse, nil},
		{"typ", &typ, nil},
	} {
		v, _, err := o.String(m.name)
		switch {
		case err != nil:
			return err
		case m.to != nil:
			*m.to = v
		default:
			*m.span = w.span(v)
		}
	}
	in.scope = w.span(normalized(scope))
	acr, _, _ := o.String("acr") // absent and unreadable are the same: no proof
	in.acr = w.span(acr)
	audience, _, err := o.Strings("aud")
	if err != nil {
		return err
	}
	confirmation, _, err := o.Raw("cnf")
	if err != nil {
		return err
	}
	in.confirmation = w.span(string(confirmation))
	in.TokenType, in.Use = tokenTypeOf(tokenType), useOf(tokenUse, typ)
	spans := w.spans(audience)
	in.text, in.length = string(w.text), uint32(len(body))
	if len(spans) > 0 {
		in.Audience = make([]string, len(spans))
	}
	for i, s := range spans {
		in.Audience[i] = in.at(s)
	}
	return nil
}

// tokenTypeOf reads "token_type", which has no case (RFC 6749 section 5.1).
func tokenTypeOf(s string) TokenType {
	switch {
	case s == "":
		return TypeUnstated
	case strings.EqualFold(s, "Bearer"):
		return TypeBearer
	case strings.EqualFold(s, "DPoP"):
		return TypeDPoP
	}
	return TypeOther
}

// useOf reads "token_use" and "typ", in which servers say that a token is no access token.
func useOf(members ...string) Use {
	for _, m := range members {
		switch strings.ToLower(m) {
		case "refresh_token", "refresh", "offline":
			return UseRefresh
		case "id_token", "id":
			return UseID
		}
	}
	return UseAccess
}

// errorCode returns the error code of an answer, "" if it has none that is known.
func errorCode(body []byte) tokensource.ErrorCode {
	o, err := strictjson.Parse(body)
	if err != nil {
		return ""
	}
	return tokensource.ErrorCode(oauth.ErrorCode(o))
}
