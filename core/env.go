package core

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// FromEnv returns the Config that the environment describes: [FromLookup] of its variables with
// the prefix MFPGUARD_. A variable with this prefix that is not listed there is a mistake.
func FromEnv() (Config, error) {
	e := &env{lookup: os.LookupEnv, prefix: envPrefix}
	c := e.config()
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		if short, ours := strings.CutPrefix(name, envPrefix); ours && value != "" && !slices.Contains(names, short) && !ofKubernetes(short) {
			e.unknown(short)
		}
	}
	return e.result(c)
}

const envPrefix = "MFPGUARD_"

// names are the variables that FromLookup knows, the most important first.
var names = []string{
	"PROFILE", "SERVER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "AUTH", "CLIENT_KEY_FILE", "CLIENT_KEY_ID", "CLIENT_KEY_ALG",
	"CLIENT_ASSERTION_FILE", "ASSERTION_AUDIENCE", "CLIENT_CERT_FILE", "CLIENT_CERT_KEY_FILE", "TOKEN_URL", "TOKEN_SCOPE", "AUDIENCE", "ISSUER",
	"JWKS_URL", "OFFLINE",
	"CA_FILE", "INSECURE_HTTP", "CACHE_TTL", "NEGATIVE_TTL", "TIMEOUT",
}

// ofKubernetes reports whether a name is one that Kubernetes sets in each pod for a Service with
// the name mfpguard.
func ofKubernetes(name string) bool {
	return name == "PORT" || strings.HasPrefix(name, "PORT_") || name == "SERVICE_HOST" || strings.HasPrefix(name, "SERVICE_PORT")
}

// FromLookup returns the Config that lookup describes. An error lists all mistakes, one a line,
// the most important first; each names the variable and the fix. Lookup gets these names, with the
// prefix in front:
//
//	PROFILE               mobilefirst8 (default), mobilefirst7, curity or rfc7662
//	SERVER                base URL of MobileFirst, or introspection URL for curity and rfc7662
//	CLIENT_ID             credentials of this service, and one of
//	CLIENT_SECRET         its secret
//	CLIENT_SECRET_FILE    a file with its secret, read whenever the secret is needed
//	CLIENT_CERT_FILE      a PEM file with the TLS certificate of this service, and
//	CLIENT_CERT_KEY_FILE  its key, if the server or a gateway wants one
//	CACHE_TTL             Config.CacheTTL, for instance 30s; 0 turns the cache off
//	NEGATIVE_TTL          Config.NegativeTTL
//	TIMEOUT               Config.Timeout
//	CA_FILE               Config.CAFile, a PEM file with the authorities that are trusted
//	INSECURE_HTTP         1 allows http:// off loopback
//
// for mobilefirst7, which needs no credentials of this service unless AUTH is set
//
//	AUTH                  basic, basic-raw or post
//	OFFLINE               1 checks tokens here, with the server's public key
//
// for curity and rfc7662
//
//	AUTH                  basic (default), basic-raw, post, private_key_jwt or tls_client_auth; for
//	                      rfc7662 also bearer
//	TOKEN_URL             with bearer: the token endpoint, asked with a basic secret or a key
//	TOKEN_SCOPE           with bearer: the scope to ask for, if the server wants one
//	AUDIENCE              values of aud that mean this service, with blanks between, or any
//	ISSUER                the iss that tokens must have; unset: not checked
//	JWKS_URL              the server signs its answers with these keys; ISSUER must be set, too
//
// With tls_client_auth the certificate takes the place of a secret. With private_key_jwt, and with
// bearer by choice, one of two files does:
//
//	CLIENT_KEY_FILE        a PEM file with the private key of this service
//	CLIENT_ASSERTION_FILE  or a file with an assertion that was made elsewhere
//	CLIENT_KEY_ID          the name of the key at the server; unset: its thumbprint
//	CLIENT_KEY_ALG         RS256, PS256, ES256 or EdDSA; unset: that of the key
//	ASSERTION_AUDIENCE     the issuer identifier of the server; unset: ISSUER
//
// The files of secrets, keys, assertions and certificates are read again when they are used, so a
// new one takes effect without a restart. CA_FILE is read by New alone.
//
// An empty value is the same as none. A value that the profile would ignore is a mistake. Logger,
// Trace and Transport are for the program to set; they hold for all calls, those for our own token
// included.
func FromLookup(lookup func(name string) (value string, ok bool), prefix string) (Config, error) {
	if lookup == nil {
		return Config{}, errors.New("core: FromLookup got a nil function")
	}
	e := &env{lookup: lookup, prefix: prefix}
	return e.result(e.config())
}

// env reads variables and keeps the mistakes.
type env struct {
	lookup   func(string) (string, bool)
	prefix   string
	auth     string // AUTH, "" if that is a mistake
	mistakes []error
}

func (e *env) config() Config {
	c := Config{}
	e.profile(&c)
	secret := e.client(&c)
	c.CAFile = e.get("CA_FILE")
	c.InsecureHTTP = e.flag("INSECURE_HTTP")
	c.CacheTTL = e.duration("CACHE_TTL")
	c.NegativeTTL = e.duration("NEGATIVE_TTL")
	c.Timeout = valueOr(e.duration("TIMEOUT"), 0)
	for _, m := range c.check() {
		e.translate(m)
	}
	if c.Profile.token != nil && e.auth == bearerAuth {
		e.checkTokenSource(&c)
	}
	if c.ClientSecretFunc != nil && secret != "" {
		if err := c.style().CheckSecret(string(secret)); err != nil {
			e.fail("CLIENT_SECRET_FILE", "%w", err)
		}
	}
	return c
}

// checkTokenSource notes the mistakes in how our own token is got.
func (e *env) checkTokenSource(c *Config) {
	switch _, err := tokensource.New(c.tokenConfig(&hooks{})); joined := err.(type) {
	case nil:
	case interface{ Unwrap() []error }:
		for _, m := range joined.Unwrap() {
			e.translate(m)
		}
	default:
		e.translate(err)
	}
}

func (e *env) result(c Config) (Config, error) {
	if len(e.mistakes) == 0 {
		return c, nil
	}
	slices.SortStableFunc(e.mistakes, func(a, b error) int { return cmp.Compare(e.rank(a), e.rank(b)) })
	return Config{}, joinMistakes(e.mistakes)
}

// rank is the place of a mistake among the others.
func (e *env) rank(mistake error) int {
	m, _ := errors.AsType[*ConfigError](mistake)
	if i := slices.Index(names, strings.TrimPrefix(m.Field, e.prefix)); i >= 0 {
		return i
	}
	return len(names)
}

// get returns a variable, "" for none.
func (e *env) get(name string) string {
	v, _ := e.lookup(e.prefix + name)
	return v
}

func (e *env) must(name string) string {
	v := e.get(name)
	if v == "" {
		e.fail(name, "is not set")
	}
	return v
}

// fail notes the first mistake about a variable.
func (e *env) fail(name, format string, args ...any) {
	field := e.prefix + name
	for _, m := range e.mistakes {
		if c, ok := errors.AsType[*ConfigError](m); ok && c.Field == field {
			return
		}
	}
	e.mistakes = append(e.mistakes, &ConfigError{Field: field, Err: fmt.Errorf(format, args...)})
}

func (e *env) flag(name string) bool {
	switch v := e.get(name); v {
	case "1", "true":
		return true
	case "", "0", "false":
	default:
		e.fail(name, "is %q, want 1 or 0", v)
	}
	return false
}

func (e *env) duration(name string) *time.Duration {
	v := e.get(name)
	if v == "" {
		return nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		e.fail(name, "is %q, want a duration such as 30s, or 0", v)
		return nil
	}
	return &d
}
