package core

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// BT-52: a realm is quoted, and one that no quoted string can hold is no realm. MFP-16.
func TestRealm(t *testing.T) {
	for _, tt := range []struct{ realm, want, err string }{
		{"", `Bearer realm="api"`, ""}, // BT-42
		{"orders", `Bearer realm="orders"`, ""},
		{`a"b\c`, `Bearer realm="a\"b\\c"`, ""},
		{"a b, c=d", `Bearer realm="a b, c=d"`, ""},
		{"a\rb", "", `RFC7662Config.Realm has the character '\r', want printable ASCII`},
		{"a\nb", "", `RFC7662Config.Realm has the character '\n', want printable ASCII`},
		{"a\x00b", "", `RFC7662Config.Realm has the character '\x00', want printable ASCII`},
		{"é", "", `RFC7662Config.Realm has the character 'Ã', want printable ASCII`},
		{"my scope=x", "", `RFC7662Config.Realm contains "scope=", which clients take for the scope of the challenge`},
		{"my SCOPE=x", "", `RFC7662Config.Realm contains "scope=", which clients take for the scope of the challenge`},
	} {
		p := RFC7662(RFC7662Config{IntrospectionURL: "https://as.invalid", AnyAudience: true, Realm: tt.realm})
		if tt.err != "" {
			if got := fmt.Sprint(p.mistakes); got != "["+tt.err+"]" {
				t.Errorf("%q: got error %s, want %s", tt.realm, got, tt.err)
			}
			continue
		}
		got := p.server.Challenge("", "")
		if got != tt.want || p.mistakes != nil {
			t.Errorf("%q: got %s and error %v, want %s", tt.realm, got, p.mistakes, tt.want)
		}
		if c, err := parseChallenge(got); err != nil || len(c.params) != 1 {
			t.Errorf("%s does not read back: %v %v", got, c, err)
		}
	}
}

// FuzzChallenge: what we write, a strict reader reads back; the reader of MobileFirst's web and Android clients finds the scope; and
// nothing that could end the field or a quoted string gets out. It doubles as the fuzz target of the scope grammar.
func FuzzChallenge(f *testing.F) {
	for _, s := range []struct{ realm, first, second string }{
		{"", "read", ""},
		{"api", "read", "write"},
		{`a"b\c`, "a:b", "!"},
		{"x\r\ny", "a\"b", "c\\d"},
		{"é", "é", "a b"},
		{"scope=", "a,b", "a=b"},
		{"a\x00", "a\x00", "\x7f"},
		{"a", "#$%&'()*+-./:;<>?@[]^_`{|}~", "*"},
	} {
		f.Add(s.realm, s.first, s.second)
	}
	f.Fuzz(func(t *testing.T, realm, first, second string) {
		scope := []string{first}
		if second != "" {
			scope = append(scope, second)
		}
		need := AllOf(scope[0], scope[1:]...)
		with := RFC7662(RFC7662Config{IntrospectionURL: "https://as.invalid", AnyAudience: true, Realm: realm})
		for _, p := range []*Profile{&mfp, &with} {
			if p.mistakes != nil {
				continue
			}
			legal := legalScope(scope, p)
			guard, err := (&Verifier{profile: *p}).Guard(need)
			if legal != (err == nil) {
				t.Fatalf("%q: Guard says %v, the grammar says legal is %v", scope, err, legal)
			}
			for _, cause := range []error{ErrNoToken, ErrMalformed, ErrAmbiguous, ErrInvalidToken, ErrInsufficientScope, ErrConflict, ErrUnavailable} {
				d := noGuard()
				if guard != nil {
					d = guard.denials.of(cause)
				}
				for _, h := range d.Header {
					if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") {
						t.Fatalf("%q has a character that ends a field", h)
					}
				}
				if p == &with && realmOf(p) != cmp.Or(realm, "api") {
					t.Fatalf("the realm reads as %q, want %q", realmOf(p), realm)
				}
				checkChallenge(t, p, cause, d, scope, legal)
			}
		}
	})
}

func checkChallenge(t *testing.T, p *Profile, cause error, d *Denial, scope []string, legal bool) {
	t.Helper()
	if !legal {
		if d.Status != http.StatusServiceUnavailable || challenges(d) != 0 {
			t.Fatalf("%q got out: %+v", scope, d)
		}
		return
	}
	for _, h := range d.Header {
		if h.Name != "WWW-Authenticate" {
			continue
		}
		c, err := parseChallenge(h.Value)
		if err != nil {
			t.Fatalf("%q: %v", h.Value, err)
		}
		if c.scheme != "Bearer" || c.params["realm"] != realmOf(p) { // MFP-13
			t.Fatalf("%q reads as %v", h.Value, c)
		}
		want := ""
		if cause == ErrInsufficientScope {
			want = strings.Join(scope, " ")
		}
		if c.params["scope"] != want {
			t.Fatalf("%q: scope reads as %q, want %q", h.Value, c.params["scope"], want)
		}
		if cause == ErrInsufficientScope && p == &mfp {
			if got := webScope(h.Value); got != want {
				t.Fatalf("%q: the web client reads %q, want %q", h.Value, got, want)
			}
			if got := androidScope(h.Value); got != want { // MFP-12
				t.Fatalf("%q: the Android client reads %q, want %q", h.Value, got, want)
			}
		}
	}
}

// realmOf reads the realm of a profile's challenges.
func realmOf(p *Profile) string {
	c, err := parseChallenge(p.server.Challenge("", ""))
	if err != nil {
		panic(err)
	}
	return c.params["realm"]
}

// legalScope is the grammar of RFC 6749 section 3.3, written a second time: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), less
// what MobileFirst's clients cut at.
func legalScope(scope []string, p *Profile) bool {
	for _, s := range scope {
		if s == "" {
			return false
		}
		for _, c := range []byte(s) {
			token := c == 0x21 || 0x23 <= c && c <= 0x5b || 0x5d <= c && c <= 0x7e
			if !token || p == &mfp && (c == ',' || c == '=') {
				return false
			}
		}
	}
	return true
}

// webScope and androidScope read the scope as IBM's clients do.
func webScope(challenge string) string {
	for part := range strings.SplitSeq(challenge, ",") {
		if strings.Contains(part, "scope=") {
			return strings.ReplaceAll(strings.Split(part, "=")[1], `"`, "")
		}
	}
	return ""
}

func androidScope(challenge string) string {
	_, scope, _ := strings.Cut(challenge, "scope=")
	return strings.ReplaceAll(scope, `"`, "")
}

// challenge is a parsed WWW-Authenticate value.
type challenge struct {
	scheme string
	params map[string]string
}

// parseChallenge reads one challenge of RFC 9110 section 11.6.1 as RFC 6750 section 3 narrows it: a scheme, then parameters with
// quoted values, each name once, comma and blank between them.
func parseChallenge(s string) (challenge, error) {
	c := challenge{params: make(map[string]string)}
	var rest string
	var more bool
	if c.scheme, rest, more = strings.Cut(s, " "); c.scheme == "" || more && rest == "" {
		return c, fmt.Errorf("no scheme, or a blank at the end of %q", s)
	}
	var order []string
	for more {
		name, value, ok := strings.Cut(rest, `="`)
		if !ok || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || name == "" {
			return c, fmt.Errorf("no parameter at %q", rest)
		}
		if _, twice := c.params[name]; twice { // BT-43
			return c, fmt.Errorf("%s occurs twice", name)
		}
		var text strings.Builder
		end := -1
		for i := 0; i < len(value) && end < 0; i++ {
			switch b := value[i]; {
			case b == '"':
				end = i
			case b == '\\' && name == "realm" && i+1 < len(value):
				i++
				text.WriteByte(value[i])
			case b < 0x20 || b > 0x7e || b == '\\': // BT-49, BT-50: only realm may be any quoted-string
				return c, fmt.Errorf("character %q in %s", b, name)
			default:
				text.WriteByte(b)
			}
		}
		if end < 0 {
			return c, fmt.Errorf("%s does not end", name)
		}
		c.params[name] = text.String()
		order = append(order, name)
		if rest = value[end+1:]; rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, ", "); !ok {
			return c, fmt.Errorf("no comma at %q", value[end+1:])
		}
	}
	if i := slices.Index(order, "scope"); i >= 0 && i != len(order)-1 { // MFP-12
		return c, errors.New("scope is not the last parameter")
	}
	return c, nil
}
