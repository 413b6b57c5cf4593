package core

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/mfpguard/mfpguard/tokensource"
)

// profile sets the profile of c.
func (e *env) profile(c *Config) {
	switch name := cmp.Or(e.get("PROFILE"), "mobilefirst8"); name {
	case "mobilefirst8":
		c.Profile = MobileFirst8(e.must("SERVER"))
		e.ignored("the profile mobilefirst8", append(keyVariables, "AUTH", "OFFLINE", "TOKEN_URL", "TOKEN_SCOPE", "AUDIENCE", "ISSUER", "JWKS_URL")...)
		e.auth = string(tokensource.BasicRaw)
	case "mobilefirst7":
		c.Profile = e.mobileFirst7(e.must("SERVER"))
		e.ignored("the profile mobilefirst7", append(keyVariables, "TOKEN_URL", "TOKEN_SCOPE", "AUDIENCE", "ISSUER", "JWKS_URL")...)
	case "curity":
		c.Profile = e.curity(e.must("SERVER"))
		e.ignored("the profile curity", "OFFLINE", "TOKEN_URL", "TOKEN_SCOPE")
	case "rfc7662":
		c.Profile = e.rfc7662(e.must("SERVER"))
		e.ignored("the profile rfc7662", "OFFLINE")
	default:
		e.fail("PROFILE", "is %q, want mobilefirst8, mobilefirst7, curity or rfc7662", name)
		e.must("SERVER")
	}
}

func (e *env) mobileFirst7(base string) Profile {
	c := MobileFirst7Config{BaseURL: base, Offline: e.flag("OFFLINE")}
	switch auth := e.get("AUTH"); auth {
	case "", "basic", "basic-raw", "post":
		c.ClientAuth, e.auth = tokensource.ClientAuth(auth), auth
	default:
		e.fail("AUTH", "is %q, want basic, basic-raw or post, or remove it: then no credentials are sent", auth)
	}
	return MobileFirst7(c)
}

func (e *env) curity(server string) Profile {
	c := CurityConfig{IntrospectionURL: server, Issuer: e.get("ISSUER"), JWTAnswers: e.jwtAnswers()}
	c.Audience, c.AnyAudience = e.audience()
	c.ClientAuth = e.clientAuth("basic", "basic-raw", "post", privateKeyJWT, "tls_client_auth")
	return Curity(c)
}

// clientAuth reads AUTH, which must be one of want; the first is the default. It returns how a secret
// or a certificate is sent, "" for the other ways.
func (e *env) clientAuth(want ...string) tokensource.ClientAuth {
	e.auth = cmp.Or(e.get("AUTH"), want[0])
	switch {
	case !slices.Contains(want, e.auth):
		last := len(want) - 1
		e.fail("AUTH", "is %q, want %s or %s", e.auth, strings.Join(want[:last], ", "), want[last])
		e.auth = ""
	case e.auth != privateKeyJWT && e.auth != bearerAuth:
		return tokensource.ClientAuth(e.auth)
	}
	return ""
}

func (e *env) jwtAnswers() *JWTAnswers {
	keys := e.get("JWKS_URL")
	if keys == "" {
		return nil
	}
	return &JWTAnswers{JWKSURL: keys}
}

// audience returns the values that mean this service, or that all do.
func (e *env) audience() (values []string, whatever bool) {
	switch aud := strings.Fields(e.get("AUDIENCE")); {
	case len(aud) == 0:
		e.fail("AUDIENCE", "is not set: name this service as the server does in aud, or any")
	case len(aud) == 1 && aud[0] == "any":
		return nil, true
	case slices.Contains(aud, "any"):
		e.fail("AUDIENCE", "is any beside others: choose one")
	default:
		return aud, false
	}
	return nil, true // it is reported, once
}

func (e *env) rfc7662(server string) Profile {
	c := RFC7662Config{IntrospectionURL: server, Issuer: e.get("ISSUER"), JWTAnswers: e.jwtAnswers()}
	c.Audience, c.AnyAudience = e.audience()
	c.ClientAuth = e.clientAuth("basic", "basic-raw", "post", privateKeyJWT, "tls_client_auth", bearerAuth)
	p := RFC7662(c)
	if e.auth == bearerAuth {
		p.token = &tokensource.Config{TokenURL: e.must("TOKEN_URL"), Scope: e.get("TOKEN_SCOPE"), ClientAuth: tokensource.Basic}
		return p
	}
	e.ignored("AUTH other than bearer", "TOKEN_URL", "TOKEN_SCOPE")
	return p
}

// ignored reports settings that have no meaning here.
func (e *env) ignored(by string, names ...string) {
	for _, name := range names {
		if e.get(name) != "" {
			e.fail(name, "has no meaning with %s: remove it, or change that", by)
		}
	}
}

// variables are where the fields of a Config come from.
var variables = map[string]string{
	"Config.ClientID":                   "CLIENT_ID",
	"Config.ClientSecret":               "CLIENT_SECRET",
	"Config.Timeout":                    "TIMEOUT",
	"Config.TokenURL":                   "TOKEN_URL",
	"Config.Scope":                      "TOKEN_SCOPE",
	"Config.Profile":                    "PROFILE",
	"MobileFirst8(base)":                "SERVER",
	"MobileFirst7Config.BaseURL":        "SERVER",
	"RFC7662Config.IntrospectionURL":    "SERVER",
	"RFC7662Config.Audience":            "AUDIENCE",
	"RFC7662Config.ClientAuth":          "AUTH",
	"CurityConfig.IntrospectionURL":     "SERVER",
	"CurityConfig.Audience":             "AUDIENCE",
	"CurityConfig.Issuer":               "ISSUER",
	"CurityConfig.JWTAnswers.JWKSURL":   "JWKS_URL",
	"CurityConfig.ClientAuth":           "AUTH",
	"MobileFirst7Config.ClientAuth":     "AUTH",
	"RFC7662Config.Issuer":              "ISSUER",
	"RFC7662Config.JWTAnswers.JWKSURL":  "JWKS_URL",
	"RFC7662Config.JWTAnswers.Audience": "CLIENT_ID",
	"Config.CAFile":                     "CA_FILE",
	"Config.ClientAssertion":            "CLIENT_KEY_FILE",
	"ClientAssertion.Key":               "CLIENT_KEY_FILE",
	"ClientAssertion.Algorithm":         "CLIENT_KEY_ALG",
	"ClientAssertion.Audience":          "ASSERTION_AUDIENCE",
}

// translate notes a mistake of a field under the variable that the field comes from.
func (e *env) translate(err error) {
	m, ok := errors.AsType[*ConfigError](err)
	if !ok || variables[m.Field] == "" {
		e.fail("PROFILE", "cannot be used: %w", err)
		return
	}
	e.fail(variables[m.Field], "%s", strings.ReplaceAll(m.Err.Error(), "set InsecureHTTP", "set "+e.prefix+"INSECURE_HTTP=1"))
}

// unknown notes a variable that no one reads. It may be misspelled.
func (e *env) unknown(name string) {
	shown := e.prefix + name
	if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		shown = strconv.Quote(shown)
	}
	hint := "want one of " + strings.Join(names, ", ")
	for _, n := range names {
		if name != "" && (strings.Contains(n, name) || strings.Contains(name, n) || strings.ReplaceAll(n, "_", "") == strings.ReplaceAll(name, "_", "")) {
			hint = "did you mean " + e.prefix + n + "?"
			break
		}
	}
	e.mistakes = append(e.mistakes, &ConfigError{Field: shown, Err: errors.New("is not a variable of this library: " + hint)})
}
