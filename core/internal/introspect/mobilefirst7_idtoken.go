package introspect

import (
	"encoding/json"
	"slices"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// idClaims is what counts of an ID token.
type idClaims struct {
	given   bool
	expires Instant
	user    string
	context map[string]json.RawMessage // "imf.user" and others, as they came
}

// identity reads an ID token. It has no "prn", which an access token has, and comes from the same
// server for the same audience: the ID token of another beside one's own access token is no
// identity. Two tokens that do not say where they come from are not from the same server.
func (o *Offline) identity(access, id strictjson.Object) (idClaims, error) {
	_, hasPrincipal, _ := id.Raw("prn")
	expires, err := expiry(id)
	if err != nil || hasPrincipal {
		return idClaims{}, errBadToken
	}
	if !o.anyIDToken && !(sameString(access, id, "iss") && sameStrings(access, id, "aud")) {
		return idClaims{}, errBadToken
	}
	i := idClaims{given: true, expires: expires, context: map[string]json.RawMessage{}}
	for _, name := range []string{"imf.user", "imf.device", "imf.application"} {
		if raw, ok, err := id.Raw(name); ok && err == nil {
			i.context[name] = raw
		}
	}
	if user, ok, err := id.Object("imf.user"); ok && err == nil {
		i.user, _, _ = user.String("id")
	}
	return i, nil
}

// expiry reads "exp", which a token must have, in seconds.
func expiry(claims strictjson.Object) (Instant, error) {
	exp, ok, err := claims.Number("exp")
	if err != nil || !ok {
		return 0, errBadToken
	}
	return ofSeconds("exp", exp)
}

// sameString reports whether both have the same string, which is not empty.
func sameString(a, b strictjson.Object, name string) bool {
	x, _, errX := a.String(name)
	y, _, errY := b.String(name)
	return errX == nil && errY == nil && x != "" && x == y
}

// sameStrings reports whether both have the same strings, at least one.
func sameStrings(a, b strictjson.Object, name string) bool {
	x, _, errX := a.Strings(name)
	y, _, errY := b.Strings(name)
	return errX == nil && errY == nil && len(x) > 0 && slices.Equal(x, y)
}
