package introspect

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// kind is one kind of server, as it is told from the others.
type kind struct {
	name    string
	profile string // what an operator writes for it
	// marks names what an answer has in it that only this kind sends, "" for nothing.
	marks func(*endpoint.Response) string
	// path is the end of its endpoint's address. Answers reports whether an answer from such an
	// address is one of this kind, although it has no mark. Both are optional.
	path    string
	answers func(*endpoint.Response) bool
}

// The kinds of servers. The file of each says what marks it.
var (
	kindMobileFirst7 = &kind{"MobileFirst 7.x", "core.MobileFirst7", marksOfMobileFirst7, path7, answersAsMobileFirst7}
	kindMobileFirst8 = &kind{"MobileFirst 8.0", "core.MobileFirst8", marksOfMobileFirst8, path8, answersAsMobileFirst8}
	kindCurity       = &kind{"Curity", "core.Curity", marksOfCurity, "", nil}
	kindRFC7662      = &kind{"a server of RFC 7662", "core.RFC7662", marksOfRFC7662, "", nil}
)

// kinds are all of them, the one with the surest marks first.
var kinds = []*kind{kindMobileFirst7, kindMobileFirst8, kindCurity, kindRFC7662}

// kindsOf returns the kinds that s may be. Curity has the marks of two.
func kindsOf(s Server) []*kind {
	switch s.(type) {
	case *MobileFirst7:
		return []*kind{kindMobileFirst7}
	case *MobileFirst8:
		return []*kind{kindMobileFirst8}
	case *Curity:
		return []*kind{kindCurity, kindRFC7662}
	}
	return []*kind{kindRFC7662}
}

// anotherKindError says that an answer is not that of a server of the configured kind.
type anotherKindError struct {
	saw string
	fit string // a profile
}

// Error returns what was seen and which profile fits.
func (e *anotherKindError) Error() string { return e.saw + ": " + e.fit + " fits" }

// recognised returns an *anotherKindError if an answer that s could not use is that of another
// kind, and else nil.
func recognised(s Server, res *endpoint.Response) error {
	own := kindsOf(s)
	if slices.ContainsFunc(own, func(k *kind) bool { return k.marks(res) != "" }) {
		return nil
	}
	for _, k := range kinds {
		mark := k.marks(res)
		if mark == "" && k.path != "" && strings.HasSuffix(s.URL(), k.path) && k.answers(res) {
			mark = "its address ends in " + k.path
		}
		if mark != "" && !slices.Contains(own, k) {
			return &anotherKindError{"it looks like " + k.name + " (" + mark + ")", k.profile}
		}
	}
	return nil
}

// isDoubtful reports whether a failure may mean that another kind of server was asked.
func isDoubtful(failure error) bool {
	e, ok := errors.AsType[*tokensource.EndpointError](failure)
	if _, known := errors.AsType[*anotherKindError](failure); !ok || known {
		return false
	}
	switch e.Code {
	case tokensource.ErrInvalidClient, tokensource.ErrUnauthorizedClient, tokensource.ErrInvalidScope:
		return false // of a server that understands us
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// marksOfRFC7662 is the demand for a client's id and secret. Curity makes the same.
func marksOfRFC7662(res *endpoint.Response) string {
	switch {
	case challenges(res, "Basic"):
		return "it asks for Basic credentials"
	case res.Status >= 400 && stringOf(res, "error") == string(tokensource.ErrInvalidClient):
		return "its error is invalid_client"
	}
	return ""
}

// marksOfCurity is its answer about an inactive token to those that ask for a JWT.
func marksOfCurity(res *endpoint.Response) string {
	if res.Status == http.StatusNoContent {
		return "it answers 204, as to those that ask for a JWT"
	}
	return ""
}

// challenges reports whether an answer has a challenge of this scheme, with all of these texts in
// it.
func challenges(res *endpoint.Response, scheme string, texts ...string) bool {
next:
	for _, field := range res.Header.Values("WWW-Authenticate") {
		got, parameters, _ := strings.Cut(strings.TrimSpace(field), " ")
		if !strings.EqualFold(got, scheme) {
			continue
		}
		for _, text := range texts {
			if !strings.Contains(parameters, text) {
				continue next
			}
		}
		return true
	}
	return false
}

// stringOf returns the member of an answer that has this name and is a string, or "".
func stringOf(res *endpoint.Response, name string) string {
	o, err := strictjson.ParseLenient(res.Body)
	if err != nil {
		return ""
	}
	value, _, _ := o.String(name)
	return value
}
