package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/tokensource"
)

// FromEnv returns the Config that the environment describes. An error is one line that names the
// variable and the fix.
//
//	MFPGUARD_PROFILE             mobilefirst8 (default) or rfc7662
//	MFPGUARD_SERVER              base URL of MobileFirst, or introspection URL for rfc7662
//	MFPGUARD_CLIENT_ID           credentials of this service, and one of
//	MFPGUARD_CLIENT_SECRET       its secret
//	MFPGUARD_CLIENT_SECRET_FILE  a file with its secret, read whenever the secret is needed
//	MFPGUARD_CACHE_TTL           Config.CacheTTL, for instance 30s; 0 turns the cache off
//	MFPGUARD_NEGATIVE_TTL        Config.NegativeTTL
//	MFPGUARD_TIMEOUT             Config.Timeout
//	MFPGUARD_CA_FILE             Config.CAFile, a PEM file with the authorities that are trusted
//	MFPGUARD_INSECURE_HTTP       1 allows http:// off loopback
//
// and for rfc7662
//
//	MFPGUARD_AUTH                basic (default), basic-raw, post, or bearer
//	MFPGUARD_TOKEN_URL           with bearer: the token endpoint, asked with basic credentials
//	MFPGUARD_TOKEN_SCOPE         with bearer: the scope to ask for
//	MFPGUARD_AUDIENCE            values of aud that mean this service, with blanks between, or any
//	MFPGUARD_ISSUER              the iss that tokens must have; unset: not checked
//
// Logger, Trace and Transport are for the program to set.
func FromEnv() (Config, error) {
	e := env{}
	c := Config{
		ClientID:     e.must("MFPGUARD_CLIENT_ID"),
		CAFile:       os.Getenv("MFPGUARD_CA_FILE"),
		InsecureHTTP: e.flag("MFPGUARD_INSECURE_HTTP"),
		CacheTTL:     e.duration("MFPGUARD_CACHE_TTL"),
		NegativeTTL:  e.duration("MFPGUARD_NEGATIVE_TTL"),
		Timeout:      valueOr(e.duration("MFPGUARD_TIMEOUT"), 0),
	}
	if _, err := endpoint.OpenTransport(1, c.CAFile); err != nil {
		e.fail("MFPGUARD_CA_FILE", "%w", err)
	}
	inFile := e.secret(&c)
	server := e.must("MFPGUARD_SERVER")
	switch name := cmp.Or(os.Getenv("MFPGUARD_PROFILE"), "mobilefirst8"); name {
	case "mobilefirst8":
		c.Profile = MobileFirst8(server)
	case "rfc7662":
		e.rfc7662(&c, server)
	default:
		e.fail("MFPGUARD_PROFILE", "is %q, want mobilefirst8 or rfc7662", name)
	}
	e.translate(c.check())
	if os.Getenv("MFPGUARD_CLIENT_SECRET_FILE") != "" {
		if err := clientauth.Style(cmp.Or(c.Profile.clientAuth, tokensource.Basic)).CheckSecret(string(inFile)); err != nil {
			e.fail("MFPGUARD_CLIENT_SECRET_FILE", "%w", err)
		}
	}
	if e.err != nil {
		return Config{}, e.err
	}
	return c, nil
}

// env reads variables and keeps the first error.
type env struct{ err error }

func (e *env) fail(name, format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("core: "+name+" "+format, args...)
	}
}

func (e *env) must(name string) string {
	v := os.Getenv(name)
	if v == "" {
		e.fail(name, "is not set")
	}
	return v
}

func (e *env) flag(name string) bool {
	switch v := os.Getenv(name); v {
	case "1", "true":
		return true
	case "", "0", "false":
	default:
		e.fail(name, "is %q, want 1 or 0", v)
	}
	return false
}

func (e *env) duration(name string) *time.Duration {
	v := os.Getenv(name)
	if v == "" {
		return nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		e.fail(name, "is %q, want a duration such as 30s, or 0", v)
	}
	return &d
}

// secret sets the secret of c, and returns the one that is in the file now, if there is a file.
func (e *env) secret(c *Config) (inFile tokensource.Secret) {
	secret, file := os.Getenv("MFPGUARD_CLIENT_SECRET"), os.Getenv("MFPGUARD_CLIENT_SECRET_FILE")
	switch {
	case secret != "" && file != "":
		e.fail("MFPGUARD_CLIENT_SECRET", "and MFPGUARD_CLIENT_SECRET_FILE are both set: choose one")
	case secret != "":
		c.ClientSecret = tokensource.Secret(secret)
	case file != "":
		read := func(context.Context) (tokensource.Secret, error) {
			b, err := os.ReadFile(file)
			return tokensource.Secret(strings.TrimRight(string(b), "\r\n")), err
		}
		var err error
		if inFile, err = read(context.Background()); err != nil {
			e.fail("MFPGUARD_CLIENT_SECRET_FILE", "cannot be read: %w", err)
		}
		c.ClientSecretFunc = read
	default:
		e.fail("MFPGUARD_CLIENT_SECRET", "is not set, and MFPGUARD_CLIENT_SECRET_FILE is not either")
	}
	return inFile
}

// rfc7662 sets the profile.
func (e *env) rfc7662(c *Config, server string) {
	p := RFC7662Config{IntrospectionURL: server, Issuer: os.Getenv("MFPGUARD_ISSUER")}
	switch aud := strings.Fields(e.must("MFPGUARD_AUDIENCE")); {
	case len(aud) == 0:
		e.fail("MFPGUARD_AUDIENCE", "is blank: name this service, or any")
	case len(aud) == 1 && aud[0] == "any":
		p.AnyAudience = true
	default:
		p.Audience = aud
	}
	switch auth := cmp.Or(os.Getenv("MFPGUARD_AUTH"), "basic"); auth {
	case "basic", "basic-raw", "post":
		p.ClientAuth = tokensource.ClientAuth(auth)
	case "bearer":
		p.TokenSource = e.source(c)
	default:
		e.fail("MFPGUARD_AUTH", "is %q, want basic, basic-raw, post or bearer", auth)
	}
	c.Profile = RFC7662(p)
}

// source gets our own token. The credentials then belong to it, and no longer to c.
func (e *env) source(c *Config) *tokensource.Source {
	src, err := tokensource.New(tokensource.Config{
		TokenURL: e.must("MFPGUARD_TOKEN_URL"), Scope: e.must("MFPGUARD_TOKEN_SCOPE"), ClientAuth: tokensource.Basic,
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, ClientSecretFunc: c.ClientSecretFunc,
		Timeout: c.Timeout, CAFile: c.CAFile, InsecureHTTP: c.InsecureHTTP,
	})
	e.translate(err)
	c.ClientID, c.ClientSecret, c.ClientSecretFunc = "", "", nil
	return src
}

// variables are where the fields of a Config come from.
var variables = map[string]string{
	"Config.ClientID":                "MFPGUARD_CLIENT_ID",
	"Config.ClientSecret":            "MFPGUARD_CLIENT_SECRET",
	"Config.Timeout":                 "MFPGUARD_TIMEOUT",
	"Config.TokenURL":                "MFPGUARD_TOKEN_URL",
	"Config.Scope":                   "MFPGUARD_TOKEN_SCOPE",
	"MobileFirst8(base)":             "MFPGUARD_SERVER",
	"RFC7662Config.IntrospectionURL": "MFPGUARD_SERVER",
}

// translate names the variable in place of the field.
func (e *env) translate(err error) {
	if err == nil {
		return
	}
	m, ok := errors.AsType[*ConfigError](err)
	if !ok || variables[m.Field] == "" {
		e.fail("MFPGUARD_PROFILE", "is not usable: %w", err)
		return
	}
	text := strings.ReplaceAll(m.Err.Error(), "set InsecureHTTP", "set MFPGUARD_INSECURE_HTTP=1")
	e.fail(variables[m.Field], "%s", text)
}
