package introspect

import (
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// realms is what "imf.scope" grants at one moment.
type realms struct {
	names []string
	// until is when the first of them ends, mandatory when the first mandatory one does, and the whole
	// token with it. 0 means never.
	until, mandatory Instant
}

// isScopeElement reports whether a realm's name can stand in a scope (RFC 6749 section 3.3).
func isScopeElement(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// earlier returns the first of two instants, of which a may be none.
func earlier(a, b Instant) Instant {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// realmsOf reads "imf.scope": realms, each with an end of its own. A realm that has ended, or whose
// end cannot be read, is not granted. It reports false if a mandatory realm has ended: then nothing
// is.
func realmsOf(access strictjson.Object, now Instant) (r realms, ok bool) {
	scope, _, err := access.Object("imf.scope")
	if err != nil {
		return realms{}, false
	}
	if len(scope.Broken()) > 0 {
		return realms{}, false
	}
	for name := range scope.Whole() {
		realm, present, err := scope.Object(name)
		if err != nil || !present {
			return realms{}, false
		}
		mandatory, _, err := realm.Bool("mandatory")
		if err != nil {
			return realms{}, false
		}
		exp, present, err := realm.NumberOrString("exp")
		switch ends := ofEither(exp); {
		case err == nil && present && ends > now:
			if isScopeElement(name) {
				r.names = append(r.names, name)
			}
			r.until = earlier(r.until, ends)
			if mandatory {
				r.mandatory = earlier(r.mandatory, ends)
			}
		case mandatory:
			return realms{}, false
		}
	}
	slices.Sort(r.names)
	return r, true
}
