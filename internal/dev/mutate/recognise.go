package main

// recogniseMutants see servers where there are none, or look too often.
var recogniseMutants = []mutant{
	{"recognise: the realm of MobileFirst 7", mobileFirst7File, "if challenges(res, \"Bearer\", `realm=\"`+realm7+`\"`) {", "if false {", inCore},
	{"recognise: the scope of MobileFirst 8", mobileFirst8File, "case challenges(res, \"Bearer\", MobileFirst8Scope):", "case false:", inCore},
	{"recognise: its conflict", mobileFirst8File, "case res.Header.Get(\"MFP-Conflict\") != \"\":", "case false:", inCore},
	{"recognise: its errors", mobileFirst8File, "case stringOf(res, \"errorCode\") != \"\"", "case false && stringOf(res, \"errorCode\") != \"\"", inCore},
	{"recognise: any 401 is of MobileFirst 8", mobileFirst8File, "return res.Status == http.StatusUnauthorized && challenges(res, \"Bearer\")", "return res.Status == http.StatusUnauthorized", inCore},
	{"recognise: its address", recogniseFile, "mark = \"its address", "_ = \"its address", inCore},
	{"recognise: the own kind", recogniseFile, "return k.marks(res) != \"\" })", "return false && k != nil })", inCore},
	{"recognise: Curity", recogniseFile, "if res.Status == http.StatusNoContent {", "if false {", inCore},
	{"recognise: Basic credentials", recogniseFile, "case challenges(res, \"Basic\"):", "case false:", inCore},
	{"look: also when the secret is wrong", recogniseFile, "case tokensource.ErrInvalidClient, ", "case ", inCore},
	{"look: also during an outage", recogniseFile, "http.StatusMethodNotAllowed:\n\t\treturn true\n\t}\n\treturn false", "http.StatusMethodNotAllowed:\n\t\treturn true\n\t}\n\treturn true", inCore},
	{"look: also when the answer was recognised", recogniseFile, "!ok || known {", "!ok || known && !ok {", inCore},
	{"look: each time", lookFile, "time.Since(l.last) < lookEvery {", "false {", inCore},
	{"look: once for ever", lookFile, "time.Since(l.last) < lookEvery {", "true {", inCore},
	{"look: what was seen is forgotten", lookFile, "\tl.saw = saw\n", "", inCore},
	{"look: without a bound", lookFile, "{Timeout: lookTime}", "{Timeout: 100 * lookTime}", inCore},
	{"look: a page that answers everywhere", lookFile, "case statusOf(res8, status) == statusOf(res7, status):", "case false:", inCore},
	{"look: the runtime's name is not kept", lookFile, `return []string{strings.TrimSuffix(before, "/api")}`, `return []string{usualPlace + before}`, inCore},
	{"look: the base of another version", lookFile, `return []string{strings.TrimSuffix(before, "/api")}`, `return []string{before}`, inCore},
}

const (
	mobileFirst8File = "core/internal/introspect/mobilefirst8.go"
	recogniseFile    = "core/internal/introspect/recognise.go"
	lookFile         = "core/internal/introspect/look.go"
)
