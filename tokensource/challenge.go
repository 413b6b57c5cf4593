package tokensource

import (
	"strings"

	"github.com/mfpguard/mfpguard/internal/authfield"
)

// challenge is one challenge of a WWW-Authenticate field (RFC 9110 section 11.6.1).
// See https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1.
type challenge struct {
	scheme string            // in lower case
	params map[string]string // names in lower case
}

// bearerChallenge returns the Bearer challenge in the field's lines. It is not ok if there is
// none, more than one, or a line that does not parse.
func bearerChallenge(lines []string) (c challenge, ok bool) {
	found := 0
	for _, line := range lines {
		all, understood := parseChallenges(line)
		if !understood {
			return challenge{}, false
		}
		for _, one := range all {
			if one.scheme == "bearer" {
				c = one
				found++
			}
		}
	}
	return c, found == 1
}

// parseChallenges parses one line. It is not ok if a name occurs twice in one challenge: two
// readers could use different values.
func parseChallenges(s string) (all []challenge, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			return all, true
		}
		word, rest := authfield.CutToken(s)
		if word == "" {
			return nil, false
		}
		name, after, isParam := strings.ToLower(word), strings.TrimLeft(rest, " \t"), false
		if after, isParam = strings.CutPrefix(after, "="); isParam && len(all) > 0 {
			value, left, fine := cutValue(strings.TrimLeft(after, " \t"))
			last := all[len(all)-1].params
			if _, twice := last[name]; !fine || twice {
				return nil, false
			}
			last[name], s = value, left
		} else {
			all = append(all, challenge{scheme: name, params: map[string]string{}})
			s = skipToken68(rest)
		}
		if s != "" && strings.IndexByte(" \t,", s[0]) < 0 {
			return nil, false
		}
	}
}

// cutValue splits s after the token or quoted string at its start.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest = authfield.CutToken(s)
		return value, rest, value != ""
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// skipToken68 skips the single value that a scheme may have in place of parameters.
func skipToken68(s string) string {
	value := strings.TrimLeft(s, " \t")
	end := strings.IndexAny(value, " \t,")
	if end < 0 {
		end = len(value)
	}
	rest := strings.TrimLeft(value[end:], " \t")
	if value == s || end == 0 || rest != "" && rest[0] != ',' {
		return s
	}
	for _, c := range []byte(strings.TrimRight(value[:end], "=")) {
		if !authfield.IsToken68(c) {
			return s
		}
	}
	return rest
}
