package main

// signedAnswerMutants trust what is not signed, or signed for something else.
var signedAnswerMutants = []mutant{
	{"signed: plain JSON is an answer", answerJWTFile, "if kind := mediaType(res.Header); kind != mediaSigned {", "if kind := mediaType(res.Header); kind == mediaJSON {\n\t\treturn decode(s, res.Body)\n\t} else if kind != mediaSigned {", inIntrospect},
	{"signed: any issuer", answerJWTFile, "case iss != v.Issuer:", "case iss != v.Issuer && iss == \"\":", inIntrospect},
	{"signed: any typ", answerJWTFile, "if typ != typeSigned {", "if typ == \"jwt\" {", inIntrospect},
	{"signed: any audience", answerJWTFile, "err != nil || !slices.Contains(audience, v.Audience)", "err != nil || len(audience) == 0 || slices.Contains(audience, v.Audience+\"-\")", inIntrospect},
	{"signed: however old", answerJWTFile, "age > v.leeway {", "age > v.leeway && of != \"old\" {", inIntrospect},
	{"signed: from the future", answerJWTFile, "age > v.leeway {", "age > v.leeway && of == \"old\" {", inIntrospect},
	{"signed: the JWT's own claims", answerJWTFile, `claims.Raw("token_introspection")`, `claims.Raw("token_introspection_")`, inIntrospect},
	{"signed: missing keys are the answer's fault", answerJWTFile, "case errors.Is(err, jose.ErrNoKeys):", "case errors.Is(err, errStatus):", inIntrospect},
	{"signed: no reason to look at the endpoint", failureFile, "_, ok := errors.AsType[*untrustedError](err)\n\treturn ok", "_, ok := errors.AsType[*untrustedError](err)\n\treturn ok && err == nil", inIntrospect},
	{"signed: JSON is asked for", "core/internal/introspect/rfc7662.go", "return mediaSigned", "return mediaJSON", inCore},
	{"curity: JSON is asked for", curityFile, "return mediaJWT", "return mediaJSON", inCore},
	{"curity: 204 to a question for JSON", curityFile, "case v != nil && res.Status == http.StatusNoContent:", "case res.Status == http.StatusNoContent:", inIntrospect},
	{"curity: JSON is none when a JWT was asked for", curityFile, "\tdefault:\n\t\tr, err = readJSON(s, res)", "\tcase v != nil:\n\t\terr = errStatus\n\tdefault:\n\t\tr, err = readJSON(s, res)", inIntrospect},
	{"curity: max-age is not read", curityFile, "r.in.keepFor(age)", "_ = age", inCore},
	{"curity: max-age is not obeyed", "core/caching.go", "return min(c.ttl, max(in.KeepFor, 0))", "return c.ttl", inCore},
	{"curity: max-age prolongs", "core/caching.go", "return min(c.ttl, max(in.KeepFor, 0))", "return max(in.KeepFor, 0)", inCore},
	{"curity: a token of any purpose", curityFile, "in.Use = use", "_ = use", inIntrospect},
	{"signed: Ready needs no keys", "core/internal/introspect/introspector.go", "if !probe || i.verifier == nil {", "if true {", inIntrospect},
	{"curity: a JWT of any typ", curityFile, `case "", "jwt", "at+jwt":`, `case "", "jwt", "at+jwt", "logout+jwt":`, inIntrospect},
	{"curity: a JWT that says inactive", curityFile, "err != nil || present && !active", "err != nil || present && !active && active", inIntrospect},
	{"offline: a token without a principal", offlineFile, `|| principal == ""`, "", inIntrospect},
	{"offline: an access token as an ID token", "core/internal/introspect/mobilefirst7_idtoken.go", "err != nil || hasPrincipal", "err != nil && hasPrincipal", inIntrospect},
	{"offline: another user's ID token", "core/internal/introspect/mobilefirst7_idtoken.go", `sameString(access, id, "iss") && sameStrings(access, id, "aud")`, `sameString(access, id, "iss")`, inIntrospect},
	{"offline: another server's ID token", "core/internal/introspect/mobilefirst7_idtoken.go", `sameString(access, id, "iss") && sameStrings(access, id, "aud")`, `sameStrings(access, id, "aud")`, inIntrospect},
	{"offline: a realm that has ended", "core/internal/introspect/mobilefirst7_realms.go", "err == nil && present && ends > now:", "err == nil && present:", inIntrospect},
	{"offline: a mandatory realm that has ended", "core/internal/introspect/mobilefirst7_realms.go", "case mandatory:\n\t\t\treturn realms{}, false", "case mandatory:", inIntrospect},
	{"offline: remembered beyond a realm", offlineFile, "in.keepFor(r.until.Time().Sub(now))", "_ = now", inIntrospect},
	{"offline: the ID token's end", offlineFile, "min(expires, id.expires)", "expires", inIntrospect},
	{"offline: the end of a mandatory realm", offlineFile, "expires = min(expires, r.mandatory)", "_ = r", inIntrospect},
	{"signed: the keys refuse us", failureFile, "e.Endpoint != keysEndpoint && ", "", inCore},
	{"offline: a realm's name is two", "core/internal/introspect/mobilefirst7_realms.go", "r <= ' '", "r < ' '", inIntrospect},
	{"offline: any number of tokens waits for a key", "internal/jose/fetch.go", "if k.waiting.Add(1) > maxWaiting {", "if k.waiting.Add(1) < 0 {", inIntrospect},
	{"offline: a crowd is the server's trouble", offlineFile, "if errors.Is(err, jose.ErrCrowded) {", "if false {", inIntrospect},
	{"offline: a hint about a URL that is not configured", offlineFile, "e.Status == http.StatusNotFound {", "e.Status == http.StatusGone {", inCore},
	{"signed: an unknown key without a hint", answerJWTFile, "case errors.Is(err, jose.ErrUnknownKey):", "case errors.Is(err, errStatus):", inCore},
	{"credentials: no hint about a key", failureFile, "if i.server.subject(status) == theClient {", "if i.server.subject(status) == theToken {", inCore},
	{"offline: a missing key is the token's fault", offlineFile, "if errors.Is(err, jose.ErrNoKeys) {", "if errors.Is(err, errBadToken) {", inIntrospect},
}

const (
	answerJWTFile = "core/internal/introspect/answer_jwt.go"
	curityFile    = "core/internal/introspect/curity.go"
	failureFile   = "core/internal/introspect/failure.go"
	offlineFile   = "core/internal/introspect/mobilefirst7_offline.go"
)
