package adaptertest

import (
	"net/http"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// answerRows are about what the authorization server answers about a well-formed token.
var answerRows = []row{
	{id: "BT-45 MFP-14", name: "an inactive token", fields: bearer, says: inactive, want: to(invalid)},
	{id: "BT-48", name: "an inactive token on a route that it lacks the scope for", line: "GET /admin HTTP/1.1", fields: bearer, says: inactive, want: to(invalid)},
	{id: "BT-45", name: "a HEAD request with an inactive token", line: "HEAD /any HTTP/1.1", fields: bearer, says: inactive, want: to(invalid)},
	{id: "BT-45", name: "an expired token that is called active", fields: bearer, says: set("exp", 1), want: to(invalid)},
	{id: "A55", name: "a token bound to a key", fields: bearer, says: set("cnf", map[string]any{"jkt": "x"}), want: to(invalid)},
	{id: "A56", name: "a refresh token", fields: bearer, says: set("token_use", "refresh_token"), want: to(invalid)},
	{id: "A57", name: "a token for another service", only: rfc7662, fields: bearer, says: set("aud", "https://rs.test.evil"), want: to(invalid)},
	{id: "A57", name: "a token of another issuer", only: rfc7662, fields: bearer, says: set("iss", "https://as.test/"), want: to(invalid)},
	{id: "A57", name: "a token for another service", only: curity, fields: bearer, says: set("aud", "https://rs.test.evil"), want: to(invalid)},
	{id: "A57", name: "a token of another issuer", only: curity, fields: bearer, says: set("iss", "https://as.test/"), want: to(invalid)},
	{id: "SV-04", name: "an answer that must not be kept", only: curity, fields: bearer, as: notKept, want: to(accepted)},
	{id: "SV-04", name: "the same token once more", only: curity, fields: bearer, again: true, want: to(accepted)},
	{id: "A63 A64", name: "an error description that would split the answer", fields: bearer, says: injected, want: to(invalid)},

	{id: "BT-46 BT-53 MFP-15", name: "a token that lacks a scope", line: "GET /admin HTTP/1.1", fields: bearer, want: to(lacksScope)},
	{id: "BT-46", name: "a HEAD request with a token that lacks a scope", line: "HEAD /admin HTTP/1.1", fields: bearer, want: to(lacksScope)},
	{id: "BT-46", name: "a token that lacks all of several scopes", line: "GET /either HTTP/1.1", fields: bearer, want: to(lacksScope)},
	{id: "A78 MFP-17", name: "a scope that begins like the required one", line: "GET /read HTTP/1.1", fields: bearer, says: set("scope", "readonly read.all"), want: to(lacksScope)},
	{id: "A78", name: "a scope in another case", line: "GET /read HTTP/1.1", fields: bearer, says: set("scope", "READ"), want: to(lacksScope)},
	{id: "A64", name: "a granted scope that would add to the challenge", line: "GET /admin HTTP/1.1", fields: bearer, says: set("scope", `x", scope="admin`), want: to(lacksScope)},
	{id: "BT-46", name: "a token with all scopes", line: "GET /admin HTTP/1.1", fields: bearer, says: set("scope", "admin read"), want: to(accepted)},
	{id: "BT-46", name: "a token with one of several scopes", line: "GET /either HTTP/1.1", fields: bearer, says: set("scope", "pay"), want: to(accepted)},

	{id: "BT-01", name: "a token to be remembered", line: "GET /read HTTP/1.1", fields: bearer, want: to(accepted)},
	{id: "BT-01", name: "a remembered token", line: "GET /read HTTP/1.1", fields: bearer, again: true, want: to(remembered)},
	{id: "A01 MFP-19", name: "a remembered token on a route that it lacks the scope for", line: "GET /admin HTTP/1.1", fields: bearer, again: true, want: to(stillLacks)},
	{id: "A06", name: "a remembered token on a route that asks each time", line: "GET /fresh HTTP/1.1", fields: bearer, again: true, want: to(accepted)},
	{id: "BT-15", name: "a remembered token with a character too many", fields: auth(`Bearer TOKEN"`), again: true, want: to(malformed)},
	{id: "BT-05", name: "a remembered token of another scheme", fields: auth("Token TOKEN"), again: true, want: to(noToken)},
	{id: "BT-09", name: "a remembered token twice", fields: bearer + bearer, again: true, want: to(ambiguous)},
	{id: "BT-45", name: "an inactive token to be remembered", fields: bearer, says: inactive, want: to(invalid)},
	{id: "BT-45", name: "an inactive token that is remembered", fields: bearer, again: true, want: to(malformed)}, // the same answer without a question

	{id: "MFP-09", name: "a conflict", only: mobileFirst, fields: bearer, as: conflicting, want: to(conflict)},
	{id: "MFP-09", name: "the same token after the conflict", only: mobileFirst, fields: bearer, again: true, want: to(accepted)},
	{id: "MFP-09", name: "a HEAD request and a conflict", only: mobileFirst, line: "HEAD /any HTTP/1.1", fields: bearer, as: conflicting, want: to(conflict)},
	{id: "MFP-20", name: "a token that looks like a JWT", fields: bearer, token: "eyJhbGciOiJub25lIn0.eyJhY3RpdmUiOnRydWV9.", says: inactive, want: to(invalid)},
	{id: "MFP-18", name: "large structured members", only: mobileFirst, fields: bearer, says: large, want: to(accepted)},
}

func inactive(answer map[string]any) {
	clear(answer)
	answer["active"] = false
}

func injected(answer map[string]any) {
	inactive(answer)
	answer["error_description"] = "a\"\r\nSet-Cookie: x=y\r\n\r\n\x00"
	answer["error"] = `x", scope="admin`
	answer["scope"] = `x", scope="admin`
}

func set(name string, value any) func(map[string]any) {
	return func(answer map[string]any) { answer[name] = value }
}

// large adds half a megabyte to the answer, which the handler does not show.
func large(answer map[string]any) {
	checks := map[string]any{}
	for len(checks) < 500 {
		checks[newCanary()] = map[string]any{"data": make([]int, 500)}
	}
	answer["mfp-checks"] = checks
}

func conflicting(as *coretest.Server, _ string) { as.Conflict(1) }

// notKept forbids to keep the next answer.
func notKept(as *coretest.Server, _ string) {
	as.Inject(coretest.Introspection, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(noStore{w}, r)
	})
}

// noStore changes the Cache-Control of an answer.
type noStore struct{ http.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w noStore) WriteHeader(status int) {
	w.Header().Set("Cache-Control", "max-age=0")
	w.ResponseWriter.WriteHeader(status)
}
