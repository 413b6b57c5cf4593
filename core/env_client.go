package core

import (
	"context"
	"crypto/tls"
	"os"
	"slices"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/tokensource"
)

// The values of AUTH that are not those of a tokensource.ClientAuth.
const (
	privateKeyJWT = "private_key_jwt"
	bearerAuth    = "bearer"
)

// Variables that belong together.
var (
	secretVariables = []string{"CLIENT_SECRET", "CLIENT_SECRET_FILE"}
	keyVariables    = []string{"CLIENT_KEY_FILE", "CLIENT_KEY_ID", "CLIENT_KEY_ALG", "CLIENT_ASSERTION_FILE", "ASSERTION_AUDIENCE"}
)

// client sets our credentials, and returns the secret that is in a file now.
func (e *env) client(c *Config) (inFile tokensource.Secret) {
	e.certificate(c)
	if c.Profile.clientAuth == noClientAuth {
		e.ignored("the profile mobilefirst7 without AUTH", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE")
		return ""
	}
	c.ClientID = e.must("CLIENT_ID")
	hasKey := e.get("CLIENT_KEY_FILE") != "" || e.get("CLIENT_ASSERTION_FILE") != ""
	switch {
	case c.Profile.clientAuth == tokensource.TLSClientAuth:
		e.ignored("AUTH=tls_client_auth", secretVariables...)
		e.ignored("AUTH=tls_client_auth", keyVariables...)
		return ""
	case e.auth == privateKeyJWT, e.auth == bearerAuth && hasKey:
		e.ignored("a key or an assertion in its place", secretVariables...)
		e.assertion(c)
		return ""
	case e.auth == bearerAuth:
		e.ignored("AUTH=bearer and no CLIENT_KEY_FILE", keyVariables...)
	case e.auth != "":
		e.ignored("AUTH other than private_key_jwt and bearer", keyVariables...)
	case hasKey: // AUTH or PROFILE is a mistake; it may be meant for a key
		c.ClientAssertion = &tokensource.ClientAssertion{KeyFunc: tokensource.KeyFile(""), Audience: "unknown"}
		return ""
	}
	return e.secret(c)
}

// secret sets the secret of c, and returns the one that is in the file now, if there is a file.
func (e *env) secret(c *Config) (inFile tokensource.Secret) {
	secret, file := e.get("CLIENT_SECRET"), e.get("CLIENT_SECRET_FILE")
	switch {
	case secret != "" && file != "":
		e.fail("CLIENT_SECRET", "and %sCLIENT_SECRET_FILE are both set: choose one", e.prefix)
	case secret != "":
		c.ClientSecret = tokensource.Secret(secret)
	case file != "":
		c.ClientSecretFunc = e.readable("CLIENT_SECRET_FILE", &inFile)
	default:
		e.fail("CLIENT_SECRET", "is not set, and %sCLIENT_SECRET_FILE is not either%s", e.prefix, e.otherAuth())
	}
	return inFile
}

// otherAuth names the AUTH that a key or a certificate needs to take the place of a secret, if
// there is one.
func (e *env) otherAuth() string {
	switch profile := e.get("PROFILE"); {
	case profile != "curity" && profile != "rfc7662" || e.auth == bearerAuth:
		return ""
	case e.get("CLIENT_KEY_FILE") != "" || e.get("CLIENT_ASSERTION_FILE") != "":
		return ": for a key or an assertion set " + e.prefix + "AUTH=" + privateKeyJWT
	case e.get("CLIENT_CERT_FILE") != "":
		return ": for a certificate set " + e.prefix + "AUTH=" + string(tokensource.TLSClientAuth)
	}
	return ""
}

// readable returns a function that reads the file which a variable names, and sets now to what is
// in it.
func (e *env) readable(name string, now *tokensource.Secret) func(context.Context) (tokensource.Secret, error) {
	file := e.get(name)
	read := func(context.Context) (tokensource.Secret, error) {
		b, err := os.ReadFile(file)
		return tokensource.Secret(b), err // its line break is stripped where it is used
	}
	var err error
	switch *now, err = read(context.Background()); {
	case err != nil:
		e.fail(name, "cannot be read: %w", err)
	case *now == "":
		e.fail(name, "is empty")
	}
	return read
}

// assertion sets the ClientAssertion of c.
func (e *env) assertion(c *Config) {
	file, other := e.get("CLIENT_KEY_FILE"), e.get("CLIENT_ASSERTION_FILE")
	switch {
	case file != "" && other != "":
		e.fail("CLIENT_KEY_FILE", "and %sCLIENT_ASSERTION_FILE are both set: choose one", e.prefix)
	case other != "":
		e.ignored("CLIENT_ASSERTION_FILE", "CLIENT_KEY_ID", "CLIENT_KEY_ALG", "ASSERTION_AUDIENCE")
		var now tokensource.Secret
		c.ClientAssertion = &tokensource.ClientAssertion{Func: e.readable("CLIENT_ASSERTION_FILE", &now)}
		if err := clientauth.CheckAssertion(string(now)); err != nil {
			e.fail("CLIENT_ASSERTION_FILE", "%w", err)
		}
		return
	case file == "":
		e.fail("CLIENT_KEY_FILE", "is not set, and %sCLIENT_ASSERTION_FILE is not either", e.prefix)
	}
	a := &tokensource.ClientAssertion{
		KeyFunc: tokensource.KeyFile(file), KeyID: e.get("CLIENT_KEY_ID"), Algorithm: e.get("CLIENT_KEY_ALG"), Audience: e.get("ASSERTION_AUDIENCE"),
	}
	c.ClientAssertion = a
	if a.Audience == "" && c.Profile.issuer == "" {
		e.fail("ASSERTION_AUDIENCE", "is not set, and %sISSUER is not either: set one to the issuer identifier of the server", e.prefix)
	}
	key, err := a.KeyFunc(context.Background())
	if err != nil {
		e.fail("CLIENT_KEY_FILE", "cannot be used: %w", err)
		return
	}
	known := a.Algorithm == "" || slices.Contains(jose.Algorithms, a.Algorithm) // if not, that is told
	if _, err := jose.AlgorithmFor(key.Public(), a.Algorithm); err != nil && known {
		e.fail("CLIENT_KEY_FILE", "%w", err)
	}
}

// certificate sets the ClientCertificate of c.
func (e *env) certificate(c *Config) {
	cert, key := e.get("CLIENT_CERT_FILE"), e.get("CLIENT_CERT_KEY_FILE")
	needed := c.Profile.clientAuth == tokensource.TLSClientAuth
	if cert == "" && key == "" && !needed {
		return
	}
	c.ClientCertificate = tokensource.CertificateFiles(cert, key)
	if e.must("CLIENT_CERT_FILE") == "" || e.must("CLIENT_CERT_KEY_FILE") == "" {
		e.must("CLIENT_CERT_KEY_FILE")
		return
	}
	if _, err := tokensource.KeyFile(key)(context.Background()); err != nil {
		e.fail("CLIENT_CERT_KEY_FILE", "cannot be used: %w", err)
	} else if _, err := c.ClientCertificate(&tls.CertificateRequestInfo{}); err != nil {
		e.fail("CLIENT_CERT_FILE", "cannot be used: %w", err)
	}
}
