package core

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// checkServers returns the mistakes in list, each a *ConfigError.
func checkServers(list []Server) (mistakes []error) {
	add := func(s Server, text string, values ...any) {
		mistakes = append(mistakes, &ConfigError{Field: s.field(), Err: fmt.Errorf(text, values...)})
	}
	if len(list) == 0 {
		mistakes = append(mistakes, &ConfigError{Field: "Several", Err: errors.New("has no server: name each with Default or Issuer")})
	}
	for i, s := range list {
		same := func(o Server) bool { return o.isDefault == s.isDefault && o.issuer == s.issuer }
		switch {
		case s == Server{}:
			add(s, "is the zero one, number %d of Several: make it with Default or Issuer", i+1)
			continue
		case slices.ContainsFunc(list[:i], same):
			add(s, "is there twice: choose one")
		case !s.isDefault && s.issuer == "":
			add(s, `has no issuer: want the "iss" of the server's tokens`)
		case !utf8.ValidString(s.issuer):
			add(s, "has an issuer that is not UTF-8")
		}
		switch {
		case s.v == nil:
			add(s, "has a nil Verifier: check the error of core.New")
		case s.v.servers != nil:
			add(s, "has a Verifier of Several: name its servers here instead")
		case s.v.check() != nil:
			add(s, "has the zero Verifier: make it with core.New")
		case !s.isDefault && s.v.profile.issuer != "" && s.v.profile.issuer != s.issuer:
			add(s, "has a Verifier that accepts the issuer %q alone (%s.Issuer), so each token would be refused: make them equal", s.v.profile.issuer, s.v.profile.config())
		}
	}
	return mistakes
}

func (s Server) field() string {
	switch {
	case s.isDefault:
		return "Default(v)"
	case s.v == nil && s.issuer == "":
		return "Server"
	}
	return "Issuer(" + strconv.Quote(s.issuer) + ", v)"
}
