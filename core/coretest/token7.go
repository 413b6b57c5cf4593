package coretest

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// realm is a realm of an issued token.
type realm struct {
	expires  time.Time
	optional bool
}

// MintID issues an ID token of MobileFirst 7.x for a user. An app sends it behind its access
// token. It is short for [Server.Mint] with [Grant.IDToken].
func (s *Server) MintID(user string) string {
	return s.Mint(Grant{Dialect: MobileFirst7, IDToken: true, User: &User{ID: user}})
}

// issue7 issues an access token or an ID token of MobileFirst 7.x: a JWT, whose times are in
// seconds. An access token names its client as "prn", which an ID token never has.
func (s *Server) issue7(g *grant) string {
	g.ClientID = cmp.Or(g.ClientID, randomID())
	g.Scope = cmp.Or(g.Scope, "wl_anonymousUserRealm")
	g.mobile = newMobilePart(g.Grant, g.issued)
	if g.User == nil {
		g.User = &User{}
	}
	g.key = s.currentKey()
	claims := map[string]any{
		"iss": s.Issuer(MobileFirst7), "aud": g.mobile.Application.ID, "exp": g.expires.Unix(),
		"jti": rand.Text(), // not in a real token; here no two tokens are the same
	}
	if g.IDToken {
		maps.Copy(claims, g.identity7())
		claims["sub"] = g.User.ID
	} else {
		claims["prn"], claims["imf.scope"] = g.ClientID, g.makeRealms()
	}
	return s.remember(g.key.sign(g.key.header7(), claims), g)
}

// makeRealms fills in the realms. It returns them as they are in the token.
func (g *grant) makeRealms() map[string]any {
	g.realms = make(map[string]realm)
	wire := make(map[string]any)
	for _, name := range slices.Concat(strings.Fields(g.Scope), slices.Collect(maps.Keys(g.Realms))) {
		r := g.Realms[name]
		expires := g.expires
		if r.Lifetime != 0 {
			expires = g.issued.Add(r.Lifetime)
		}
		g.realms[name] = realm{expires, r.Optional}
		wire[name] = map[string]any{"exp": expires.Unix(), "mandatory": !r.Optional}
	}
	return wire
}

// identity7 is what an ID token tells of its user, app and device.
func (g *grant) identity7() map[string]any {
	return map[string]any{
		"imf.user": map[string]any{
			"id": g.User.ID, "displayName": g.User.DisplayName, "authBy": cmp.Or(g.User.AuthenticatedBy, "userRealm"),
		},
		"imf.device":      map[string]any{"id": g.mobile.Device.ID, "platform": g.mobile.Device.Platform, "model": g.mobile.Device.Hardware},
		"imf.application": map[string]any{"id": g.mobile.Application.ID, "version": g.mobile.Application.Version},
	}
}

// mandatory are the realms that must not expire.
func (g *grant) mandatory() (names []string) {
	for name, r := range g.realms {
		if !r.optional {
			names = append(names, name)
		}
	}
	return names
}

// anyExpired reports whether one of the realms has expired. It ignores realms that the token has
// not.
func (g *grant) anyExpired(names []string, now time.Time) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		r, ok := g.realms[name]
		return ok && !now.Before(r.expires)
	})
}

// names reports whether the token has all of these realms.
func (g *grant) names(realms []string) bool {
	return !slices.ContainsFunc(realms, func(name string) bool {
		_, ok := g.realms[name]
		return !ok
	})
}

// scope7 lists the realms that have not expired.
func (g *grant) scope7(now time.Time) string {
	return strings.Join(slices.DeleteFunc(slices.Sorted(maps.Keys(g.realms)), func(name string) bool {
		return !now.Before(g.realms[name].expires)
	}), " ")
}

// header7 is the header of a JWT of MobileFirst 7.x. It contains the public key, in names of its
// own.
func (k *signingKey) header7() any {
	return struct {
		Algorithm string            `json:"alg"`
		Key       map[string]string `json:"jpk"`
	}{"RS256", map[string]string{"alg": "RSA", "exp": k.exponent(), "mod": k.modulus7()}}
}

// modulus7 begins with a zero byte, as in the tokens and keys of MobileFirst 7.x. RFC 7518 forbids
// that.
func (k *signingKey) modulus7() string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{0}, k.modulus()...))
}

// serveTestToken gives tokens to any caller: with tokenFormat=Token a pair, else the value of an
// Authorization field. What the form says about their lifetime is taken as seconds. In the answer
// "expires_in" is the moment, in milliseconds since the Unix epoch.
func (s *Server) serveTestToken(w http.ResponseWriter, r *http.Request) {
	if !s.currentVariants().TestTokens7 {
		s.serveNotFound(w, r)
		return
	}
	if !isPost(w, r) {
		return
	}
	lifetime := time.Hour
	if d, err := time.ParseDuration(r.PostForm.Get("accessTokenExpiration") + "s"); err == nil {
		lifetime = d
	}
	g := Grant{Dialect: MobileFirst7, Scope: "SubscribeServlet wl_anonymousUserRealm wl_directUpdateRealm", Lifetime: lifetime}
	access := s.Mint(g)
	if r.PostForm.Get("tokenFormat") != "Token" {
		writeJSON(w, http.StatusOK, map[string]string{"Authorization": "Bearer " + access})
		return
	}
	g.IDToken, g.User = true, &User{ID: "testUser"}
	writeJSON(w, http.StatusOK, map[string]any{
		"scope": g.Scope, "token_type": "bearer", "expires_in": s.now().Add(lifetime).UnixMilli(),
		"id_token": s.Mint(g), "access_token": access,
	})
}
