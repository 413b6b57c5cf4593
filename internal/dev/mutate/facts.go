package main

// In core/internal/introspect.
const (
	answerFile      = "core/internal/introspect/answer.go"
	answersText     = "core/internal/introspect/introspection.go"
	rfc7662File     = "core/internal/introspect/rfc7662.go"
	mobileFirstFile = "core/internal/introspect/mobilefirst8.go"
)

// factMutants misread an answer: its facts, the parts of its text, and what a status means.
var factMutants = []mutant{
	// Facts.
	{"facts: bearer has one spelling", answerFile, `strings.EqualFold(s, "Bearer")`, `s == "Bearer"`, inIntrospect},
	{"facts: DPoP has one spelling", answerFile, `strings.EqualFold(s, "DPoP")`, `s == "DPoP"`, inIntrospect},
	{"facts: DPoP is bearer", answerFile, "return TypeDPoP", "return TypeBearer", inIntrospect},
	{"facts: an unknown type is bearer", answerFile, "return TypeOther", "return TypeBearer", inIntrospect},
	{"facts: an unstated type is another", answerFile, "return TypeUnstated", "return TypeOther", inIntrospect},
	{"facts: a use has one spelling", answerFile, "switch strings.ToLower(m) {", "switch m {", inIntrospect},
	{"facts: token_use is ignored", answerFile, "useOf(tokenUse, typ)", "useOf(typ)", inIntrospect},
	{"facts: typ is ignored", answerFile, "useOf(tokenUse, typ)", "useOf(tokenUse)", inIntrospect},
	{"facts: offline tokens are access tokens", answerFile, `"refresh", "offline":`, `"refresh":`, inIntrospect},
	{"facts: a cnf twice is none", answerFile, "o.Raw(\"cnf\")\n\tif err != nil {", "o.Raw(\"cnf\")\n\tif false {", inIntrospect},
	{"facts: an empty cnf is none", answersText, "return in.confirmation.length != 0", "return in.confirmation.length > 2", inIntrospect},
	{"facts: an unreadable acr is a value", answerFile, "acr, _, _ := o.String(\"acr\")", "acr, _, bad := o.OptionalString(\"acr\")\n\tif bad != nil {\n\t\tacr = \"0\"\n\t}", inIntrospect},
	{"facts: an unreadable acr spoils the answer", answerFile, "acr, _, _ := o.String(\"acr\")", "acr, _, err := o.OptionalString(\"acr\")\n\tif err != nil {\n\t\treturn err\n\t}", inIntrospect},
	{"facts: an unreadable auth_time is a time", answerFile, "in.AuthTime, _ = in.server.instant(o, \"auth_time\")", "if in.AuthTime, err = in.server.instant(o, \"auth_time\"); err != nil {\n\t\tin.AuthTime, err = endOfTime, nil\n\t}", inIntrospect},
	{"facts: an unreadable auth_time spoils the answer", answerFile, "in.AuthTime, _ = in.server.instant(o, \"auth_time\")", "if in.AuthTime, err = in.server.instant(o, \"auth_time\"); err != nil {\n\t\treturn err\n\t}", inIntrospect},
	{"facts: auth_time is iat", answerFile, `in.server.instant(o, "auth_time")`, `in.server.instant(o, "iat")`, inIntrospect},
	{"facts: nbf and iat change places", answerFile, `{"nbf", &in.NotBefore}, {"iat", &in.IssuedAt}`, `{"iat", &in.NotBefore}, {"nbf", &in.IssuedAt}`, inIntrospect},
	{"facts: a broken exp is none", answerFile, "in.server.instant(o, m.name); err != nil {", "in.server.instant(o, m.name); false {", inIntrospect},
	{"facts: a broken aud is none", answerFile, "o.Strings(\"aud\")\n\tif err != nil {", "o.Strings(\"aud\")\n\tif false {", inIntrospect},
	{"facts: sub is the issuer", answerFile, `{"iss", nil, &in.issuer}`, `{"sub", nil, &in.issuer}`, inIntrospect},
	{"facts: scope is as it came", answerFile, "w.span(normalized(scope))", "w.span(scope)", inIntrospect},
	{"facts: a tab separates scope elements", "core/internal/introspect/scope.go", "return r == ' '", "return r == ' ' || r == '\\t'", inIntrospect},
	{"facts: a scope element covers those that begin like it", "core/internal/introspect/scope.go", "next == element {", "strings.HasPrefix(element, next) {", inIntrospect},
	{"facts: scope has no case", "core/internal/introspect/scope.go", "next == element {", "strings.EqualFold(next, element) {", inIntrospect},
	{"facts: strings are times", rfc7662File, "o.Number(name)", "o.NumberOrString(name)", inIntrospect},
	{"facts: MobileFirst's strings are no times", mobileFirstFile, "o.NumberOrString(name)", "o.Number(name)", inIntrospect},

	// Users and the members that only one server has.
	{"facts: a client that speaks for itself is a user", rfc7662File, ` || in.Subject() == in.ClientID())`, ")", inIntrospect},
	{"facts: a username needs a subject", rfc7662File, "u.ID = in.Username()", "return User{}, false", inIntrospect},
	{"facts: a zero Introspection asks its server for the user", answersText, "if in.server == nil {\n\t\treturn User{}, false", "if false {\n\t\treturn User{}, false", inIntrospect},
	{"facts: a zero Introspection asks its server for a check", answersText, "if in.server == nil {\n\t\treturn nil, false", "if false {\n\t\treturn nil, false", inIntrospect},
	{"facts: MobileFirst's application needs no id that can be read", mobileFirstFile, "readApplication(app, left)\n", "readApplication(app, left)\n\terrApp = nil\n", inIntrospect},
	{"facts: a user without an id", mobileFirstFile, ` || u.ID == "" || `, " || ", inIntrospect},
	{"facts: authenticatedAt is in seconds", mobileFirstFile, "min(max(at, 0), float64(endOfTime))", "min(max(at*1000, 0), float64(endOfTime))", inIntrospect},

	// The text of an Introspection.
	{"span: a string that was escaped is lost", answersText, "\t\treturn w.add(s)\n\t}\n\treturn span{uint32(start)", "\t\treturn span{}\n\t}\n\treturn span{uint32(start)", inIntrospect},
	{"span: a string is added and not written", answersText, "\tw.text = append(w.text, s...)\n", "", inIntrospect},
	{"span: the caller's buffer is written on", answerFile, "writer{slices.Clip(body)}", "writer{body[:len(slices.Clip(body))]}", inIntrospect},
	{"span: the answer is longer than it was", answerFile, "uint32(len(body))", "uint32(len(w.text))", inIntrospect},
	{"span: an audience begins at its quote", answersText, "uint32(from + next + 1)", "uint32(from + next)", inIntrospect},
	{"span: part of an audience is one", answersText, "bytes.Index(w.text[from:], []byte(`\"`+s+`\"`))", "bytes.Index(w.text[from:], []byte(s))", inIntrospect},
	{"span: each audience is looked for from the start", answersText, "\t\t\t\tfrom += next + 1 + len(s)\n", "", inIntrospect},
	{"span: each escaped audience is looked for", answersText, "\t\tif !add {\n", "\t\tif true {\n", inIntrospect},
	{"span: an audience that was escaped is lost", answersText, "all[i] = w.add(s)", "_ = s", inIntrospect},
	{"cache: audiences weigh nothing", answersText, `allocated(cap(in.Audience)*int(unsafe.Sizeof("")))`, "0", inIntrospect},
	{"cache: an answer weighs its text", answersText, "allocated(int(unsafe.Sizeof(*in))) + ", "", inIntrospect},
	{"cache: large answers have any size", answersText, "case n > 4*page:", "case false:", inIntrospect},

	// What a status is about.
	{"subject: we are never refused", rfc7662File, "return theClient", "return theEndpoint", inIntrospect},
	{"subject: 403 is about the endpoint", rfc7662File, "case http.StatusUnauthorized, http.StatusForbidden:\n\t\treturn theClient", "case http.StatusUnauthorized:\n\t\treturn theClient\n\tcase http.StatusForbidden:", inIntrospect},
	{"subject: 404 is about the token", rfc7662File, "case http.StatusNotFound, http.StatusRequestTimeout, ", "case http.StatusRequestTimeout, ", inIntrospect},
	{"subject: 408 is about the token", rfc7662File, "case http.StatusNotFound, http.StatusRequestTimeout, ", "case http.StatusNotFound, ", inIntrospect},
	{"subject: 429 is about the token", rfc7662File, ", http.StatusTooManyRequests:", ":", inIntrospect},
	{"subject: 5xx is about the token", rfc7662File, "if status >= 400 && status < 500 {", "if status >= 400 {", inIntrospect},
	{"subject: 3xx is about the token", rfc7662File, "if status >= 400 && status < 500 {", "if status >= 300 && status < 500 {", inIntrospect},
	{"subject: any 400 is inactive", rfc7662File, " && errorCode(res.Body) == unknownTokenCode {", " {", inIntrospect},
	{"subject: an unknown kind of token is trouble", rfc7662File, "if res.Status == http.StatusBadRequest && errorCode", "if false && errorCode", inIntrospect},
	{"subject: an error code means the same with any status", rfc7662File, "if res.Status == http.StatusBadRequest && errorCode", "if res.Status >= http.StatusBadRequest && errorCode", inIntrospect},
	{"subject: MobileFirst has RFC 7009's codes", mobileFirstFile, "\treturn readJSON(s, res)\n", "\tif r, err := s.RFC7662.read(res); r.notes != \"\" {\n\t\treturn r, err\n\t}\n\treturn readJSON(s, res)\n", inIntrospect},
	{"subject: MobileFirst names no scope to look at", mobileFirstFile, "case status == http.StatusForbidden:", "case false:", inIntrospect},
	{"subject: a base without /api is right", mobileFirstFile, "case status == http.StatusNotFound && s.hasPath:", "case status == http.StatusNotFound:", inIntrospect},
	{"subject: MobileFirst has no hints of the base", mobileFirstFile, "return s.RFC7662.hint(status)", `return ""`, inIntrospect},
	{"subject: a redirect has no hint", rfc7662File, "case status >= 300 && status < 400:", "case false:", inIntrospect},
	{"question: no token_type_hint", rfc7662File, `, "token_type_hint": {"access_token"}`, "", inIntrospect},
	{"config: default credentials go unseen", mobileFirstFile, `case "test:test", "admin:nimda", "push:hsup":`, `case "test:test":`, inIntrospect},
	{"config: any credentials are default ones", rfc7662File, "IsDefaultClient(string, string) bool { return false }", "IsDefaultClient(string, string) bool { return true }", inIntrospect},
}
