// Package authfield holds the character sets of the fields Authorization and WWW-Authenticate
// (RFC 9110 section 11, RFC 6750 section 2.1).
package authfield

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var (
	tchar   = set(alphanumeric + "!#$%&'*+-.^_`|~")
	token68 = set(alphanumeric + "-._~+/")
)

func set(chars string) (member [256]bool) {
	for i := range len(chars) {
		member[chars[i]] = true
	}
	return member
}

// IsTchar reports whether c may be part of a token, such as the name of a scheme or of a parameter
// (RFC 9110 section 5.6.2).
func IsTchar(c byte) bool { return tchar[c] }

// IsToken68 reports whether c may be part of a token68 (RFC 9110 section 11.2; RFC 6750 calls it
// b64token). The equals signs at its end are not in the set.
func IsToken68(c byte) bool { return token68[c] }

// CutToken splits s after the token at its start. The word is empty if s does not start with one.
func CutToken(s string) (word, rest string) {
	for i := range len(s) {
		if !tchar[s[i]] {
			return s[:i], s[i:]
		}
	}
	return s, ""
}
