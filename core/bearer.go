package core

import (
	"strings"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/authfield"
)

// credentials finds the bearer credentials in the values of all Authorization fields of a request.
// It leaves their grammar to checkToken, because remembered credentials were checked before. The
// causes follow RFC 6750 section 3.1: another scheme is the same as no credentials. More than one
// field is ambiguous, even if all but one are empty, because two readers may pick different ones.
func credentials(values []string, limit int) (string, error) {
	switch len(values) {
	case 0:
		return "", ErrNoToken
	case 1:
	default:
		return "", ErrAmbiguous
	}
	v := trim(values[0])
	scheme, rest := authfield.CutToken(v)
	if scheme != "Bearer" && !strings.EqualFold(scheme, "Bearer") {
		if joinsBearer(v) {
			return "", ErrAmbiguous
		}
		return "", ErrNoToken
	}
	token := strings.TrimLeft(rest, " ")
	if len(token) == len(rest) || token == "" || len(token) > limit { // no blank after the scheme, or nothing after it
		return "", ErrMalformed
	}
	return token, nil
}

// trim takes optional white space (RFC 9110 section 5.6.3) off both ends.
func trim(v string) string {
	for v != "" && (v[0] == ' ' || v[0] == '\t') {
		v = v[1:]
	}
	for v != "" && (v[len(v)-1] == ' ' || v[len(v)-1] == '\t') {
		v = v[:len(v)-1]
	}
	return v
}

// joinsBearer reports whether bearer credentials stand behind a comma in the credentials of another
// scheme: a proxy has merged two fields.
func joinsBearer(v string) bool {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch {
		case quoted && v[i] == '\\':
			i++
		case v[i] == '"':
			quoted = !quoted
		case v[i] == ',' && !quoted:
			scheme, rest := authfield.CutToken(strings.TrimLeft(v[i+1:], " \t"))
			if strings.EqualFold(scheme, "Bearer") && rest != "" && rest[0] == ' ' {
				return true
			}
		}
	}
	return false
}

// checkToken returns an error for a token that the server's grammar does not allow. Text behind a
// comma makes it two credentials in one field. A comma at the very end, which an iOS client is
// known to send, makes it malformed.
func checkToken(server introspect.Server, token string) error {
	if server.WellFormed(token) {
		return nil
	}
	if _, more, found := strings.Cut(token, ","); found && strings.Trim(more, ", \t") != "" {
		return ErrAmbiguous
	}
	return ErrMalformed
}
