package core

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzCredentials holds the reading of the Authorization field against regular expressions written from the ABNF of RFC 6750
// section 2.1 and RFC 9110 section 11.4.
func FuzzCredentials(f *testing.F) {
	for _, seed := range []string{
		"", " ", "Bearer", "Bearer ", "Bearer t", "bearer  t==", "Bearer\tt", "Bearer a b", "Bearer a  b==", "Bearer a b c", "Bearer a=b", "Bearer =", "BearerT1", "Bearer/t",
		"Bearer T1, Bearer T2", "Bearer T1,", "Bearer ,,", "Basic dTpw", "Basic dTpw, Bearer t", `Digest u="a, Bearer b"`, ", Bearer t",
		`Digest u="\", Bearer b`, "Bearer \xe9", "Bearer a\x00b", "Basic x,Bearer", "Basic x,Bearer\tt",
	} {
		f.Add(seed, "")
		f.Add(seed, "Bearer t")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		const limit = 64
		values := []string{first}
		if second != "" {
			values = append(values, second)
		}
		for p, grammar := range map[*Profile]*regexp.Regexp{&rfc: b64token, &mfp7: twoTokens} {
			token, err := credentials(values, limit)
			if err == nil {
				err = checkToken(p.server, token)
			}
			wantToken, want := oracle(values, limit, grammar)
			if err != want {
				t.Fatalf("%s: %q: got %v, want %v", p.field, values, err, want)
			}
			if err == nil && token != wantToken {
				t.Fatalf("%s: %q: got token %q, want %q", p.field, values, token, wantToken)
			}
		}
	})
}

var (
	scheme   = regexp.MustCompile("(?s)^([A-Za-z0-9!#$%&'*+.^_`|~-]*)(.*)$")
	blanks   = regexp.MustCompile(`(?s)^ +(.+)$`)
	b64token = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
	// MobileFirst 7.x has an ID token behind the access token.
	twoTokens = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*( +[A-Za-z0-9._~+/-]+=*)?$`)
	joined    = regexp.MustCompile(`(?is),[ \t]*bearer `)
	more      = regexp.MustCompile(`(?s),.*[^, \t]`)
	quoted    = regexp.MustCompile(`(?s)"(\\.|[^"\\])*("|\\?$)`)
)

func oracle(values []string, limit int, grammar *regexp.Regexp) (string, error) {
	if len(values) != 1 {
		return "", ErrAmbiguous
	}
	v := strings.Trim(values[0], " \t")
	part := scheme.FindStringSubmatch(v)
	if strings.ToUpper(part[1]) != "BEARER" {
		// Quoted strings are taken out first: what they hold is not credentials.
		bare := quoted.ReplaceAllStringFunc(v, func(s string) string {
			if s[0] == '"' {
				return `""`
			}
			return s
		})
		if joined.MatchString(bare) {
			return "", ErrAmbiguous
		}
		return "", ErrNoToken
	}
	behind := blanks.FindStringSubmatch(part[2])
	switch {
	case behind == nil, len(behind[1]) > limit:
		return "", ErrMalformed
	case grammar.MatchString(behind[1]):
		return behind[1], nil
	}
	if more.MatchString(behind[1]) {
		return "", ErrAmbiguous
	}
	return "", ErrMalformed
}
