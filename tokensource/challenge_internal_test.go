package tokensource

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestBearerChallenge(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		ok    bool
		want  map[string]string
	}{
		{"no field", nil, false, nil}, // JL-06
		{"an empty field", []string{""}, false, nil},
		{"MobileFirst without a token", []string{"Bearer"}, true, nil},
		{"MobileFirst with a bad token", []string{`Bearer error="invalid_token"`}, true, map[string]string{"error": "invalid_token"}},
		{
			"MobileFirst with too little scope",
			[]string{`Bearer error="insufficient_scope", scope="RegisteredClient a b"`},
			true,
			map[string]string{"error": "insufficient_scope", "scope": "RegisteredClient a b"},
		},
		{"values without quotes", []string{"bearer ERROR=invalid_token,realm=x"}, true, map[string]string{"error": "invalid_token", "realm": "x"}},
		{"blanks around signs", []string{"Bearer  realm = \"x\" ,\t, error\t=  \"y\" , "}, true, map[string]string{"realm": "x", "error": "y"}},
		{"commas and equals signs in quotes", []string{`Bearer realm="a, Basic b=c", error="x"`}, true, map[string]string{"realm": "a, Basic b=c", "error": "x"}},
		{"escapes in quotes", []string{`Bearer realm="a\"b\\c", error="x"`}, true, map[string]string{"realm": `a"b\c`, "error": "x"}},
		{"a scheme before", []string{`Basic realm="x", Bearer error="y"`}, true, map[string]string{"error": "y"}},
		{"a scheme behind", []string{`Bearer error="y", Basic realm="x"`}, true, map[string]string{"error": "y"}},
		{"a scheme with a value before", []string{`Negotiate abc/+==, Bearer error="y"`}, true, map[string]string{"error": "y"}},
		{"a scheme with nothing before", []string{`Negotiate, Bearer error="y"`}, true, map[string]string{"error": "y"}},
		{"two lines", []string{`Basic realm="x"`, `Bearer error="y"`}, true, map[string]string{"error": "y"}},
		{"an unknown parameter", []string{`Bearer a=1, error="y"`}, true, map[string]string{"a": "1", "error": "y"}},
		{"an empty value in quotes", []string{`Bearer realm=""`}, true, map[string]string{"realm": ""}},
		{"another scheme", []string{`Basic realm="Bearer error=x"`}, false, nil},
		{"two Bearers", []string{"Bearer, Bearer"}, false, nil},
		{"two Bearers on two lines", []string{"Bearer", `Bearer error="x"`}, false, nil},
		{"a parameter twice", []string{`Bearer error="x", error="x"`}, false, nil},
		{"a parameter twice in two spellings", []string{`Bearer error="x", ERROR="y"`}, false, nil},
		{"an open quote", []string{`Bearer error="x`}, false, nil},
		{"an open escape", []string{`Bearer error="x\`}, false, nil},
		{"no value", []string{`Bearer realm=x, error=`}, false, nil},
		{"a parameter without a scheme", []string{`error="x"`}, false, nil},
		{"letters behind a quote", []string{`Bearer error="x"y`}, false, nil},
		{"a control character", []string{"Bearer error=\x00"}, false, nil},
		{"no ASCII", []string{"Bearer é=x"}, false, nil},
		{"a line that is not understood beside a good one", []string{`"`, "Bearer"}, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, ok := bearerChallenge(tt.lines)
			if ok != tt.ok || ok && !maps.Equal(c.params, tt.want) {
				t.Errorf("bearerChallenge(%q) = %v, %v, want %v, %v", tt.lines, c, ok, tt.want, tt.ok)
			}
		})
	}
}

// FuzzParseChallenges writes what was read and reads it again.
func FuzzParseChallenges(f *testing.F) {
	for _, seed := range []string{
		`Bearer error="insufficient_scope", scope="a b"`, `Negotiate abc==, Bearer realm="a\"b"`, "Bearer", `a b c=d e f="g"`, `,,=,"`,
		"Bearer\t=\"", "a =b", "a b =c", "a b= ,c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, ok := parseChallenges(s)
		if !ok {
			return
		}
		var again []string
		for _, c := range all {
			var line strings.Builder
			line.WriteString(c.scheme)
			for i, name := range slices.Sorted(maps.Keys(c.params)) {
				value := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.params[name])
				line.WriteString(fmt.Sprintf("%s %s=\"%s\"", map[bool]string{true: ",", false: ""}[i > 0], name, value))
			}
			again = append(again, line.String())
		}
		second, ok := parseChallenges(strings.Join(again, ", "))
		if !ok || !slices.EqualFunc(all, second, func(a, b challenge) bool { return a.scheme == b.scheme && maps.Equal(a.params, b.params) }) {
			t.Errorf("%q is read as %v, and what that is written as as %v, %v", s, all, second, ok)
		}
	})
}

func TestOriginIsOneSpelling(t *testing.T) {
	for url, want := range map[string]string{
		"https://API.example.com/a": "https://api.example.com:443", "https://api.example.com:443": "https://api.example.com:443",
		"http://[::1]/": "http://::1:80", "https://a:8443": "https://a:8443",
	} {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := origin(r.URL); got != want {
			t.Errorf("origin(%s) = %s, want %s", url, got, want)
		}
	}
}

func TestTransportRemembersABoundedNumberOfPaths(t *testing.T) {
	rt := Static("t").Transport(nil)
	for i := range 10 * maxRemembered {
		rt.setPathScope(fmt.Sprint(i), "a")
		if rt.pathScope(fmt.Sprint(i)) != "a" || len(rt.scopes) > maxRemembered {
			t.Fatalf("%d paths are remembered, want the last one among at most %d", len(rt.scopes), maxRemembered)
		}
	}
}
