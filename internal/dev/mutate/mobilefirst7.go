package main

// mobileFirst7Mutants misread MobileFirst 7.x.
var mobileFirst7Mutants = []mutant{
	{"mobilefirst7: the ID token is not sent", mobileFirst7File, "\tif two {\n\t\tform.Set", "\tif two && id == \"\" {\n\t\tform.Set", inCore},
	{"mobilefirst7: an ID token of any text", mobileFirst7File, " && (!two || s.RFC7662.WellFormed(id))", " && (!two || id != \"\")", inCore},
	{"mobilefirst7: a bare 401 refuses the token", mobileFirst7File, " && namesInvalidToken(res)", "", inCore},
	{"mobilefirst7: a 401 beside our credentials refuses the token", mobileFirst7File, "if s.anonymous && res.Status == http.StatusUnauthorized", "if res.Status == http.StatusUnauthorized", inCore},
	{"mobilefirst7: strangers' 401s stop the calls", mobileFirst7File, "if s.anonymous && (status == http.StatusUnauthorized", "if false && (status == http.StatusUnauthorized", inCore},
	{"mobilefirst7: the client of an access token is a user", mobileFirst7File, "if user, ok, err := context.Object(\"imf.user\"); !ok || err != nil || len(user.Whole()) == 0 {", "if len(context.Whole()) == 0 {", inCore},
	{"mobilefirst7: its challenge always", mobileFirst7File, "if ownChallenge {", "if true {", inCore},
	{"mobilefirst7: credentials that would not be sent", "core/credentials_check.go", "case c.ClientID != \"\" || c.secretField() != \"\":", "case false:", inCore},
	{"mobilefirst7: credentials without meaning in the environment", "core/env_client.go", `e.ignored("the profile mobilefirst7 without AUTH", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE")`, `e.ignored("the profile mobilefirst7 without AUTH")`, inCore},
}

const mobileFirst7File = "core/internal/introspect/mobilefirst7.go"
