package main

// coretestMutants make the fake servers of tests lenient: then a mistake of the product, or of a
// user's service, would pass unseen.
var coretestMutants = []mutant{
	{"coretest: a server of one dialect has the endpoints of all", "core/coretest/route.go", "if r.path == path && s.speaks(r.dialect) {", "if r.path == path {", inCoretest},
	{"coretest: a token is good at any server", "core/coretest/revoke.go", "if !ok || g.Dialect != d || !now.Before(g.expires) {", "if !ok || !now.Before(g.expires) {", inCoretest},
	{"coretest: an ID token is an access token", "core/coretest/mobilefirst7.go", "if !ok || g.IDToken != id || g.key", "if !ok || g.key", inCoretest},
	{"coretest: tokens outlive their key", "core/coretest/mobilefirst7.go", " || g.key != s.currentKey() {", " {", inCoretest},
	{"coretest: realms never expire", "core/coretest/token7.go", "return ok && !now.Before(r.expires)", "return ok && now.IsZero() && !now.Before(r.expires)", inCoretest},
	{"coretest: two tokens are the same", "core/coretest/token7.go", "\"jti\": rand.Text(),", "\"jti\": rand.Text()[:0],", inCoretest},
	{"coretest: an empty secret is a secret", "core/coretest/oauthclient.go", `if c.Secret == "" || subtle`, `if subtle`, inCoretest},
	{"coretest: two ways are fine", "core/coretest/oauthclient.go", "if len(ways) > 1 {", "if len(ways) > 9 {", inCoretest},
	{"coretest: Basic is not decoded", "core/coretest/oauthclient.go", "secret, errSecret = url.QueryUnescape(secret)", "secret, errSecret = secret, nil", inCoretest},
	{"coretest: any certificate", "core/coretest/oauthclient.go", `case c.CertificateName == "" || !slices.Contains(leaf.DNSNames, c.CertificateName):`, "case len(leaf.DNSNames) == 0 && slices.Contains(leaf.DNSNames, c.CertificateName):", inCoretest},
	{"coretest: an assertion counts twice", "core/coretest/assertion.go", "s.assertions[use] = true", "_ = use", inCoretest},
	{"coretest: an assertion for any server", "core/coretest/assertion.go", `return "aud is not the issuer or the token endpoint alone"`, "_ = audience", inCoretest},
	{"coretest: an assertion with any signature", "core/coretest/assertion.go", "case !verifies(c.PublicKey, header.Algorithm, text, signature):", "case c.PublicKey == nil && !verifies(c.PublicKey, header.Algorithm, text, signature):", inCoretest},
	{"coretest: any salt", "core/coretest/assertion.go", "rsa.PSSSaltLengthEqualsHash", "rsa.PSSSaltLengthAuto", inCoretest},
	{"coretest: any client may introspect", "core/coretest/oauthintrospection.go", "if ok && c.NoIntrospection {", "if false {", inCoretest},
	{"coretest: Curity's 204 is a JWT", "core/coretest/curity.go", ` || string(claims["active"]) != "true" {`, " {", inCoretest},
	{"coretest: answers of Curity have no end", "core/coretest/curity.go", "a.Active && a.Expires > 0", "false", inCoretest},
	{"coretest: the key set forgets the previous key", "core/coretest/signingkey.go", "[]*signingKey{made, previous}", "[]*signingKey{made, previous}[:1]", inCoretest},
}

const inCoretest = "./core/coretest"
