package core

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// jwtOf returns a token that looks like a JWT with this payload. No one has signed it.
func jwtOf(payload string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func issuerIn(credentials string) string {
	var buf [8]byte
	return string(unverifiedIssuer(credentials, buf[:0], 1<<10))
}

// SV-09: which issuer a token has before it is verified.
func TestUnverifiedIssuer(t *testing.T) {
	const a = "https://a.test"
	pad := strings.Repeat("x", 1000)
	for name, tt := range map[string]struct{ payload, want string }{
		"alone":                       {`{"iss":"https://a.test"}`, a},
		"white space":                 {" {\n\t\"iss\" :\r \"https://a.test\" } ", a},
		"behind others":               {`{"sub":"u","aud":["x","y"],"exp":1.5e9,"ok":true,"no":null,"iss":"https://a.test","z":1}`, a},
		"behind a long one":           {`{"x":"` + pad + `","iss":"https://a.test"}`, a},
		"behind a deep one":           {`{"x":` + strings.Repeat(`[{"iss":"n","q":`, 50) + "1" + strings.Repeat(`}]`, 50) + `,"iss":"https://a.test"}`, a},
		"behind an empty name":        {`{"":{},"iss":"https://a.test"}`, a},
		"an issuer inside":            {`{"act":{"iss":"https://a.test"},"l":[{"iss":"https://a.test"}]}`, ""},
		"an issuer in a string":       {`{"x":"{\"iss\":\"https://a.test\"}"}`, ""},
		"a quote in a string":         {`{"x":"\"}","y":"\\","iss":"https://a.test"}`, a},
		"brackets in a string":        {`{"x":["]","}"],"iss":"https://a.test"}`, a},
		"slashes escaped":             {`{"iss":"https:\/\/a.test"}`, a},
		"a character by its code":     {`{"iss":"https:\u002F\u002fa.t\u0065st"}`, a},
		"all escapes":                 {`{"iss":"\"\\\/\b\f\n\r\té"}`, "\"\\/\b\f\n\r\té"},
		"the name escaped":            {`{"\u0069ss":"https://a.test"}`, a},
		"one character, two escapes":  {`{"iss":"\ud83d\ude00"}`, ""},
		"half a character":            {`{"iss":"\ud83d"}`, ""},
		"such a name before":          {`{"\ud83d\ude00":1,"iss":"https://a.test"}`, a},
		"no such escape":              {`{"iss":"\x"}`, ""},
		"no digits":                   {`{"iss":"\u00g0"}`, ""},
		"twice":                       {`{"iss":"https://a.test","iss":"https://b.test"}`, a},
		"twice, the first no string":  {`{"iss":1,"iss":"https://a.test"}`, ""},
		"a list":                      {`{"iss":["https://a.test"]}`, ""},
		"null":                        {`{"iss":null}`, ""},
		"empty":                       {`{"iss":""}`, ""},
		"another case":                {`{"ISS":"https://a.test","Iss":"https://a.test"}`, ""},
		"a longer name":               {`{"issuer":"https://a.test"}`, ""},
		"a shorter name":              {`{"is":"https://a.test"}`, ""},
		"of 1024 bytes":               {`{"iss":"` + strings.Repeat("x", 1024) + `"}`, strings.Repeat("x", 1024)},
		"of 1025 bytes":               {`{"iss":"` + strings.Repeat("x", 1025) + `"}`, ""},
		"of 1025 bytes by its escape": {`{"iss":"` + strings.Repeat("x", 1024) + `\n"}`, ""},
		"no end":                      {`{"iss":"https://a.test`, ""},
		"no end in an escape":         {`{"iss":"https://a.test\`, ""},
		"no end in a code":            {`{"iss":"https://a.test\u00`, ""},
		"no end of another":           {`{"x":{`, ""},
		"no colon":                    {`{"iss","https://a.test"}`, ""},
		"no comma":                    {`{"x":1 "iss":"https://a.test"}`, ""},
		"no name":                     {`{x:1,"iss":"https://a.test"}`, ""},
		"a list of objects":           {`[{"iss":"https://a.test"}]`, ""},
		"a string":                    {`"iss"`, ""},
		"nothing":                     {``, ""},
		"a byte order mark":           {"\ufeff" + `{"iss":"https://a.test"}`, ""},
	} {
		if got := issuerIn(jwtOf(tt.payload)); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// SV-09: what does not look like a JWT has no issuer.
func TestOnlyAJWTHasAnIssuer(t *testing.T) {
	const payload = `{"iss":"https://a.test","x":"??>"}`
	jwt := jwtOf(payload)
	_, body, _ := strings.Cut(jwt, ".")
	long := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"x":"`+strings.Repeat("x", 600)+`","iss":"https://a.test"}`)) + ".c2ln"
	standard := "e30." + base64.StdEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	for name, tt := range map[string]struct{ credentials, want string }{
		"a JWT":                          {jwt, "https://a.test"},
		"with an ID token":               {jwt + " " + jwtOf(`{"iss":"https://b.test"}`), "https://a.test"},
		"behind an opaque one":           {"opaque " + jwt, ""},
		"not signed":                     {strings.TrimSuffix(jwt, "c2ln"), "https://a.test"},
		"two parts":                      {strings.TrimSuffix(jwt, ".c2ln"), ""},
		"four parts":                     {jwt + ".x", ""},
		"encrypted":                      {jwt + ".x.y", ""},
		"the payload alone":              {body, ""},
		"with a comma":                   {jwt + ",", ""},
		"two with a comma":               {jwt + ", Bearer " + jwt, ""},
		"the other base64, before it":    {"e30." + base64.StdEncoding.EncodeToString([]byte(`{"x":"??>??>","iss":"https://a.test"}`)) + ".c2ln", ""},
		"the other base64, behind it":    {standard, "https://a.test"},
		"a long one":                     {long, "https://a.test"},
		"a long one with a bad byte":     {long[:100] + "%" + long[101:], ""},
		"padding before the issuer":      {"e30.eyJ4IjoxfQ==LCJpc3MiOiJhIn0.c2ln", ""},
		"a payload of one character":     {"e30.e.c2ln", ""},
		"points alone":                   {"..", ""},
		"nothing":                        {"", ""},
		"a payload that is no base64url": {"a.%%%%.b", ""},
	} {
		if got := issuerIn(tt.credentials); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// firstIssuer is what encoding/json says about the payload: the first "iss", if it is a string.
func firstIssuer(payload string) string {
	d := json.NewDecoder(strings.NewReader(payload))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return ""
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return ""
		}
		var value any
		if d.Decode(&value) != nil {
			return ""
		}
		if name == "iss" {
			s, _ := value.(string)
			return s
		}
	}
	return ""
}

// FuzzUnverifiedIssuer holds the reader against encoding/json. It must not panic on anything else.
func FuzzUnverifiedIssuer(f *testing.F) {
	for _, s := range []string{
		`{"iss":"https://a.test"}`, ` { "a" : [ { "iss" : "x" } ] , "iss" : "\u0041\/\n" , "iss":"b"}`, `{"iss":1}`, `{"\u0069ss":"é"}`,
		`{"x":"\\\"","y":{"}":"]"},"iss":"a"}`, `{}`, `[]`, `{"iss":"a`, `{"iss":"\ud83d\ude00"}`, strings.Repeat(`{"a":`, 99), "..", "a.b.c,",
		`{"jti":"` + strings.Repeat("7", 200) + `","iss":"https://a.test/` + strings.Repeat("r", 200) + `"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		issuerIn(s)
		got := issuerIn(jwtOf(s))
		var small [300]byte
		if again := unverifiedIssuer(jwtOf(s), small[:0], 1<<10); string(again) != got {
			t.Fatalf("got %q and then %q", got, again)
		}
		want := firstIssuer(s)
		switch {
		case !json.Valid([]byte(s)), !utf8.ValidString(s), len(want) > 1<<10:
		case got == "" && bytes.ContainsAny([]byte(s), `\`) && strings.IndexFunc(want, func(r rune) bool { return r > 0xffff || r == utf8.RuneError }) >= 0:
			// written as two escapes, or as half of one
		case got != want:
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	})
}
