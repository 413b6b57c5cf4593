package core

import (
	"net/http"
	"strings"

	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Profile is a kind of authorization server: all that differs from one to the next, as data. Make one with MobileFirst8 or
// RFC7662. A mistake in its making is reported by New. The zero Profile is a mistake, too.
type Profile struct {
	name string
	err  error // a mistake, naming the field and the fix

	// The question.
	endpoint   string                 // introspection endpoint
	clientAuth tokensource.ClientAuth // of our credentials, at the endpoint itself or at tokenURL
	tokenURL   string                 // where a token of our own comes from, "" when the endpoint takes our credentials
	tokenScope string                 // which that token needs
	source     *tokensource.Source    // or the source that the user gave us
	sendHint   bool                   // add token_type_hint=access_token
	notFound   string                 // what a 404 means

	// The answer.
	lenientTimes bool                  // times in milliseconds or seconds, as numbers or strings
	conflicts    bool                  // 409 is an answer, to be relayed
	foreignToken tokensource.ErrorCode // 400 with this code says that the token is not one of the server's, "" for none
	members      func(strictjson.Object, *introspection, *unread) error
	audience     []string // the token must be for one of them; nil: not checked
	issuer       string   // "": not checked

	// Our challenges.
	realm           string // first parameter of each challenge, "" for none
	unfitScopeChars string // characters that a required scope must not have
	defaultClients  string // credentials that everybody knows, "id:secret id:secret"
}

// prefix begins a challenge (RFC 6750 section 3).
func (p *Profile) prefix() string {
	if p.realm == "" {
		return "Bearer"
	}
	return `Bearer realm="` + quoter.Replace(p.realm) + `"`
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// challenge is the WWW-Authenticate value for an error code and the scope that was missing, each "" for none. Scope comes
// last, because MobileFirst's Android client takes all that stands behind "scope=".
func (p *Profile) challenge(code, scope string) string {
	c, sep := p.prefix(), " "
	if p.realm != "" {
		sep = ", "
	}
	if code != "" {
		c += sep + `error="` + code + `"`
	}
	if scope != "" {
		c += `, scope="` + scope + `"`
	}
	return c
}

const mediaJSON = "application/json"

// isJSON says whether a header announces a JSON body.
func isJSON(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), mediaJSON)
}
