package main

// clientAuthMutants authenticate the client in a wrong way, or too little.
var clientAuthMutants = []mutant{
	{"clientauth: one jti for all", assertionFile, "ID: rand.Text(),", `ID: rand.Text()[:0] + "fixed-jti-of-26-characters",`, inClientAuth},
	{"clientauth: an assertion for a day", assertionFile, "const assertionLifetime = time.Minute", "const assertionLifetime = 24 * time.Hour", inClientAuth},
	{"clientauth: the audience is the client", assertionFile, "Audience: a.Audience,\n", "Audience: a.ClientID,\n", inClientAuth},
	{"clientauth: no client_id", assertionFile, "\tform.Set(\"client_id\", a.ClientID)\n", "", inClientAuth},
	{"clientauth: the key names itself", assertionFile, "cmp.Or(a.KeyID, thumbprint)", "cmp.Or(thumbprint, a.KeyID)", inClientAuth},
	{"clientauth: a key's panics spread", assertionFile, "a.Panics.Call(func() { jwt, err = create(ctx) })", "jwt, err = create(ctx)", inClientAuth},
	{"clientauth: an assertion's line break is sent", assertionFile, "return Trim(jwt), nil", "return jwt, nil", inClientAuth},
	{"clientauth: any algorithm", "internal/clientauth/assertion_check.go", `known := a.Algorithm == "" || slices.Contains(jose.Algorithms, a.Algorithm)`, `known := a.Algorithm == "" || !slices.Contains(jose.Algorithms, "x")`, inClientAuth},
	{"clientauth: several keys", "internal/clientauth/assertion_check.go", "case len(set) > 1:", "case len(set) > 3:", inClientAuth},
	{"clientauth: the longest salt", "internal/jose/sign.go", "cryptosigner.Opaque(salted{key})", "cryptosigner.Opaque(key)", "./internal/jose"},

	{"certificates: busy connections keep the old one", "internal/endpoint/certificate.go", ">= age {", ">= 100*age {", "./internal/endpoint"},
	{"certificates: the old connections stay", "internal/endpoint/certificate.go", "c.base, c.since = base, now", "c.since = now", "./internal/endpoint"},
	{"certificates: panics spread", "internal/endpoint/certificate.go", "panics.Call(func() { cert, err = get(info) })", "cert, err = get(info)", "./internal/endpoint"},
	{"certificates: a key's panics spread", "internal/endpoint/certificate.go", "contained.PrivateKey = panics.Signer(key)", "_ = key", "./internal/endpoint"},
	{"certificates: none on the last attempt", "internal/endpoint/transport.go", "return unpooled(c.current(connAge))", "_ = c\n\t\treturn nil", "./internal/endpoint"},

	{"source: a new key is not looked for", "tokensource/credentials.go", "if a.KeyFunc != nil {", "if false {", inSource},
	{"source: a secret beside an assertion", "tokensource/config_check.go", `found.add("Config."+field, errors.New("and Config.ClientAssertion are both set: choose one"))`, "_ = field", inSource},
	{"source: the first mistake only", "tokensource/config_check.go", "return errors.Join(m...)", "return m[0]", inSource},
	{"source: an assertion prints its key", "tokensource/assertion.go", "io.WriteString(f, a.String())", `fmt.Fprintf(f, "%v %v", a.Key, io.EOF)`, inSource},
	{"source: a certificate is not enough", "tokensource/config_check.go", `c.ClientAuth == "" && c.ClientCertificate != nil`, `c.ClientAuth == "" && false`, inSource},
	{"source: a certificate beside a secret takes its place", "tokensource/config_check.go", ` && c.ClientAssertion == nil && c.secretField() == ""`, ` && c.ClientAssertion == nil`, inSource},
	{"source: the certificate is not presented", "tokensource/config.go", "if err != nil || c.ClientCertificate == nil {", "if err != nil || c.ClientCertificate != nil {", inSource},
	{"source: a bad file counts", "tokensource/rereading.go", "\tif r.from > 0 {\n\t\treturn r.good, nil\n\t}", "\tif r.from > 0 && err == nil {\n\t\treturn r.good, nil\n\t}", inSource},
	{"source: files are looked at for each request", "tokensource/rereading.go", "const lookEvery = time.Second", "const lookEvery = time.Nanosecond", inSource},
	{"source: files are read once", "tokensource/rereading.go", "look > r.from && hash != r.hash", "false", inSource},
	{"source: an encrypted key is a damaged one", "tokensource/keyfile.go", `case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":`, `case block.Type == "ENCRYPTED PRIVATE KEY":`, inSource},

	{"credentials: the assertion is not sent", "core/credentials.go", "case c.ClientAssertion != nil:\n", "case c.ClientAssertion != nil && c.ClientID == \"\":\n", inCore},
	{"credentials: the issuer is no audience", "core/credentials.go", "return cmp.Or(c.ClientAssertion.Audience, c.Profile.issuer)", "return cmp.Or(c.ClientAssertion.Audience)", inCore},
	{"credentials: the token source has a secret", "core/credentials.go", `t.ClientAssertion, t.ClientAuth = &a, ""`, `_ = &a`, inCore},
	{"credentials: the certificate alone is no client", "core/credentials.go", "case c.isByCertificate():", "case false:", inCore},
	{"credentials: the certificate is not presented", "core/config.go", "\tif c.ClientCertificate != nil {\n", "\tif c.ClientCertificate == nil && false {\n", inCore},
	{"credentials: a secret beside an assertion", "core/credentials_check.go", "if field := c.secretField(); field != \"\" {\n\t\tmistakes", "if field := c.secretField(); field == \"x\" {\n\t\tmistakes", inCore},
	{"credentials: MobileFirst takes assertions", "core/credentials_check.go", `case p.noAssertion != "" && c.ClientAssertion != nil:`, "case false:", inCore},
	{"credentials: a certificate without TLS", "core/config_check.go", `u.Scheme == "http" && c.isByCertificate()`, `u.Scheme == "ftp" && c.isByCertificate()`, inCore},
	{"env: a secret beside a key", "core/env_client.go", `e.ignored("a key or an assertion in its place", secretVariables...)`, "_ = secretVariables", inCore},
	{"env: a key beside a secret", "core/env_client.go", `e.ignored("AUTH other than private_key_jwt and bearer", keyVariables...)`, "_ = keyVariables", inCore},
	{"env: a key that AUTH does not name", "core/env_client.go", `profile != "curity" && profile != "rfc7662" ||`, `profile != "curity" ||`, inCore},
	{"env: half a certificate", "core/env_client.go", "\t\te.must(\"CLIENT_CERT_KEY_FILE\")\n\t\treturn\n", "\t\treturn\n", inCore},
}

const (
	assertionFile = "internal/clientauth/assertion.go"
	inClientAuth  = "./internal/clientauth"
)
