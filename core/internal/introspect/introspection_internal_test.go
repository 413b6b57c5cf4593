package introspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const base = 1_800_000_000 // 2027-01-15T08:00:00Z

var (
	mfp = must(NewMobileFirst8("https://as.invalid/mfp/api"))
	rfc = NewRFC7662("https://as.invalid/introspect", "api", nil)
)

func must(s *MobileFirst8, err error) *MobileFirst8 {
	if err != nil {
		panic(err)
	}
	return s
}

// both are the servers, by name.
var both = map[string]Server{"MobileFirst8": mfp, "RFC7662": rfc}

// all are those and the others.
var all = map[string]Server{"MobileFirst8": mfp, "RFC7662": rfc, "MobileFirst7": must7(NewMobileFirst7("https://as.invalid/p", true, false))}

func must7(s *MobileFirst7, err error) *MobileFirst7 {
	if err != nil {
		panic(err)
	}
	return s
}

// The answers that both profiles read alike. What is an error is trouble of the server, never access and never a refusal.
func TestDecode(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"active", `{"active":true}`, "active"},                                                                        // IN-17
		{"inactive", `{"active":false}`, "inactive"},                                                                   // IN-18
		{"white space around", " {\"active\" : true}\r\n\t", "active"},                                                 //
		{"an escaped name is the name", `{"\u0061ctive":true}`, "active"},                                              // IN-23
		{"claims of an inactive token are dropped", `{"active":false,"scope":"admin","sub":"root"}`, "inactive"},       // IN-19
		{"no active", `{}`, `member "active" is missing`},                                                              // IN-20, MFP-06
		{"no active beside good claims", `{"scope":"admin","exp":1800000600}`, `member "active" is missing`},           // IN-20, A32
		{"active is the string true", `{"active":"true"}`, `member "active" is a string, want a boolean`},              // IN-21, A33
		{"active is the string false", `{"active":"false"}`, `member "active" is a string, want a boolean`},            // IN-21, A33
		{"active is 1", `{"active":1}`, `member "active" is a number, want a boolean`},                                 // IN-21
		{"active is 0", `{"active":0}`, `member "active" is a number, want a boolean`},                                 // IN-21
		{"active is null", `{"active":null}`, `member "active" is missing`},                                            // IN-21
		{"active is an array", `{"active":[true]}`, `member "active" is an array, want a boolean`},                     // IN-21
		{"active is an object", `{"active":{"v":true}}`, `member "active" is an object, want a boolean`},               // IN-21
		{"another spelling of active", `{"Active":true}`, `member "active" is missing`},                                // IN-22, A66
		{"two spellings of active", `{"active":false,"ACTIVE":true}`, "inactive"},                                      // IN-22, A66
		{"active twice, good last", `{"active":false,"active":true}`, `member "active" appears twice`},                 // IN-23, A65
		{"active twice, good first", `{"active":true,"active":false}`, `member "active" appears twice`},                // IN-23, A65
		{"active twice, once escaped", `{"active":false,"\u0061ctive":true}`, `member "active" appears twice`},         // IN-23, A65
		{"scope twice", `{"active":true,"scope":"a","scope":"admin"}`, `member "scope" appears twice`},                 // IN-23
		{"a nested member twice, where nothing hangs on it", `{"active":true,"x":{"a":1,"a":2}}`, "active"},            // IN-23
		{"an array", `[]`, "the document is an array, want an object"},                                                 // IN-24
		{"an array around an answer", `[{"active":true}]`, "the document is an array, want an object"},                 // IN-24
		{"true", `true`, "the document is a boolean, want an object"},                                                  // IN-24
		{"a string", `"active"`, "the document is a string, want an object"},                                           // IN-24
		{"null", `null`, "the document is null, want an object"},                                                       // IN-24
		{"nothing", ``, "the document is empty, want an object"},                                                       // IN-24, A31
		{"a second document", `{"active":true}{"active":false}`, "data after the object"},                              // IN-25, A67
		{"something behind", `{"active":true}x`, "data after the object"},                                              // IN-25, A67
		{"cut short", `{"active":true`, "the document ends too early"},                                                 // IN-26
		{"deep", `{"active":true,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "active"},  // IN-28
		{"not UTF-8", "{\"active\":true,\"sub\":\"\xff\"}", `member "sub" is not valid UTF-8`},                         // IN-29
		{"half a surrogate pair", `{"active":true,"sub":"\ud800"}`, `member "sub" has half of a surrogate pair in it`}, // IN-29
		{"scope is an array", `{"active":true,"scope":["admin"]}`, `member "scope" is an array, want a string`},        // IN-55, A79
		{"scope is null", `{"active":true,"scope":null}`, "active"},                                                    //
		{"sub is a number", `{"active":true,"sub":5}`, `member "sub" is a number, want a string`},                      // IN-66
		{"client_id is an array", `{"active":true,"client_id":[]}`, `member "client_id" is an array, want a string`},   // IN-66
		{"username is an object", `{"active":true,"username":{}}`, `member "username" is an object, want a string`},    // IN-66
		{"iss is a boolean", `{"active":true,"iss":true}`, `member "iss" is a boolean, want a string`},                 // IN-66
		{"aud is a number", `{"active":true,"aud":5}`, `member "aud" is a number`},                                     // IN-62
		{"aud is an object", `{"active":true,"aud":{}}`, `member "aud" is an object`},                                  // IN-62
		{"aud has a number in it", `{"active":true,"aud":["a",1]}`, `member "aud" is an array with a number in it`},    // IN-62
		{"aud is empty", `{"active":true,"aud":[]}`, "active"},                                                         // IN-62
		{"a member nobody knows", `{"active":true,"extension_field":{"x":[1]}}`, "active"},                             // IN-67
		{"exp is a boolean", `{"active":true,"exp":true}`, `member "exp" is a boolean, want a number`},                 // IN-50
		{"exp is null", `{"active":true,"exp":null}`, "active"},                                                        // JL-01
		{"aud has null in it", `{"active":true,"aud":["a",null]}`, `member "aud" is an array with null in it`},
		{"exp is null twice", `{"active":true,"exp":null,"exp":null}`, `member "exp" appears twice`},
		{"exp is an array", `{"active":true,"exp":[1]}`, `member "exp" is an array, want a number`},  // IN-50
		{"exp is an object", `{"active":true,"exp":{}}`, `member "exp" is an object, want a number`}, // IN-50
	} {
		for name, p := range all {
			t.Run(name+": "+tt.name, func(t *testing.T) {
				in, err := Decode(p, []byte(tt.body))
				got := "inactive"
				switch {
				case err != nil:
					got = err.Error()
				case in.Active:
					got = "active"
				}
				if refused := !strings.HasSuffix(tt.want, "active"); refused != (err != nil) || !strings.HasPrefix(got, tt.want) {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if err == nil && !in.Active && (in.Subject() != "" || in.Scope() != "" || in.Answer() != "") {
					t.Errorf("an inactive answer says more than that: %+v", in)
				}
			})
		}
	}
}

// JL-01: null is absent. An answer with null for all that may be left out means what the bare answer means.
func TestNullIsAbsent(t *testing.T) {
	names := []string{
		"scope", "client_id", "username", "sub", "iss", "token_type", "token_use", "typ", "acr", "aud", "cnf", "exp", "nbf", "iat", "auth_time",
		"error", "errorCode", "mfp-application", "mfp-device", "mfp-user", "mfp-checks", "a member of its own",
	}
	for profile, p := range both {
		bare, err := Decode(p, []byte(`{"active":true}`))
		if err != nil {
			t.Fatal(err)
		}
		bodies := []string{`{"active":true,"` + strings.Join(names, `":null,"`) + `":null}`}
		for _, name := range names {
			bodies = append(bodies, `{"active":true,"`+name+`":null}`)
		}
		for _, body := range bodies {
			in, err := Decode(p, []byte(body))
			if err != nil {
				t.Errorf("%s: %s: %v", profile, body, err)
				continue
			}
			_, hasUser := in.User()
			_, hasApplication := in.Application()
			_, hasDevice := in.Device()
			if hasUser || hasApplication || hasDevice || in.IsBound() || in.Confirmation() != "" {
				t.Errorf("%s: %s: user %v, application %v, device %v, bound %v", profile, body, hasUser, hasApplication, hasDevice, in.IsBound())
			}
			got := *in
			got.text, got.length = bare.text, bare.length
			for _, s := range []*span{&got.scope, &got.clientID, &got.username, &got.subject, &got.issuer, &got.acr, &got.confirmation} {
				s.start = 0
			}
			if !reflect.DeepEqual(got, *bare) {
				t.Errorf("%s: %s: got %+v, want %+v", profile, body, got, *bare)
			}
		}
	}
}

// JL-01: within MobileFirst's own members, too.
func TestNullWithin(t *testing.T) {
	in, err := Decode(mfp, []byte(`{"active":true,"mfp-user":{"id":"u","displayName":null,"authenticatedBy":null,"authenticatedAt":null,"attributes":{"a":null,"b":1}},`+
		`"mfp-application":{"id":null,"version":null},"mfp-checks":{"c":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	u, ok := in.User()
	if !ok || u.ID != "u" || !u.AuthenticatedAt.IsZero() || len(u.Attributes) != 1 || string(u.Attributes["b"]) != "1" {
		t.Errorf("user is %+v", u)
	}
	if raw, ok := in.Check("c"); ok {
		t.Errorf("the check c is %s, want none", raw)
	}
	if _, err := Decode(mfp, []byte(`{"active":true,"mfp-user":{"id":["u"]}}`)); err == nil {
		t.Error("a user id of another type was read")
	}
}

func TestDecodeIsQuickOnDeepAnswers(t *testing.T) { // IN-28
	body := []byte(`{"active":true,"x":` + strings.Repeat(`{"a":[`, 150_000))
	begun := time.Now()
	if _, err := Decode(mfp, body); err == nil {
		t.Error("a document that never ends was read")
	}
	if took := time.Since(begun); took > time.Second { // a parser that recursed or copied would need much longer, or die
		t.Errorf("took %v", took)
	}
}

// IN-38 to IN-50, MFP-04, D1, D8: what each profile makes of "exp". The same holds for "nbf" and "iat".
func TestTimes(t *testing.T) {
	const bad = math.MinInt64 // an error
	for _, tt := range []struct {
		name, value string
		mfp, rfc    Instant
	}{
		{"absent", ``, 0, 0}, // IN-44
		{"seconds", `1800000060`, (base + 60) * 1000, (base + 60) * 1000}, // MFP-05
		{"milliseconds", `1800000060000`, (base + 60) * 1000, bad},        // MFP-04, IN-48, A22
		{"milliseconds of a captured answer", `1591254974076`, 1591254974076, bad},
		{"a fraction of a second", `1800000060.5`, (base + 60) * 1000, (base + 60) * 1000}, // IN-46, A24
		{"an exponent", `1.80000006e9`, (base + 60) * 1000, (base + 60) * 1000},            // IN-46, A24
		{"milliseconds with an exponent", `1.80000006e12`, (base + 60) * 1000, bad},
		{"the last that is seconds", `99999999999`, 99999999999000, 99999999999000}, // D1
		{"the first that is milliseconds", `100000000000`, 1e11, bad},               // D1
		{"zero is past, not absent", `0`, 1, 1},                                     // IN-45, A21
		{"minus zero", `-0`, 1, 1},
		{"negative", `-1`, 1, 1},                                          // IN-45
		{"very negative", `-9223372036854775808`, 1, 1},                   // IN-45
		{"more than a Duration", `1e18`, endOfTime, bad},                  // IN-47, A23, D8
		{"more than an int64", `1e30`, endOfTime, bad},                    // IN-47
		{"one more than an int64", `9223372036854775808`, endOfTime, bad}, // IN-47
		{"more than a float64", `1e400`, endOfTime, bad},
		{"less than a float64", `-1e400`, 1, 1},
		{"a string of seconds", `"1800000060"`, (base + 60) * 1000, bad}, // IN-49
		{"a string of milliseconds", `"1800000060000"`, (base + 60) * 1000, bad},
		{"a string beyond all", `"1e400"`, endOfTime, bad},
		{"a string that is no number", `"soon"`, bad, bad},
		{"an empty string", `""`, bad, bad},
		{"a string with a blank", `" 1"`, bad, bad},
		{"a string of infinity", `"inf"`, bad, bad},
		{"a string of Infinity", `"Infinity"`, bad, bad},
		{"a string of NaN", `"NaN"`, bad, bad},
		{"a hexadecimal string", `"0x6b49d23c"`, bad, bad},
	} {
		for _, member := range []string{"exp", "nbf", "iat"} {
			body := `{"active":true}`
			if tt.value != "" {
				body = `{"active":true,"` + member + `":` + tt.value + `}`
			}
			for name, want := range map[string]Instant{"MobileFirst8": tt.mfp, "RFC7662": tt.rfc} {
				t.Run(fmt.Sprintf("%s: %s: %s", name, member, tt.name), func(t *testing.T) {
					in, err := Decode(both[name], []byte(body))
					if (err != nil) != (want == bad) {
						t.Fatalf("error %v, want one: %v", err, want == bad)
					}
					if err != nil {
						return
					}
					if got := map[string]Instant{"exp": in.Expires, "nbf": in.NotBefore, "iat": in.IssuedAt}[member]; got != want {
						t.Errorf("got %d, want %d", got, want)
					}
				})
			}
		}
	}
}

func TestMillisecondsAreNamed(t *testing.T) { // IN-48
	_, err := Decode(rfc, []byte(`{"active":true,"exp":1800000060000}`))
	if got, want := fmt.Sprint(err), `member "exp" looks like milliseconds, want seconds since 1970`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// IN-54: the scope is a list of elements between blanks, whatever their number.
func TestScopeList(t *testing.T) {
	for value, want := range map[string][]string{
		"read write":       {"read", "write"},
		"read  write ":     {"read", "write"},
		"":                 {},
		" ":                {},
		"a\tadmin":         {"a\tadmin"}, // only blanks separate
		"a\u00a0admin":     {"a\u00a0admin"},
		"RegisteredClient": {"RegisteredClient"},
	} {
		in, err := Decode(mfp, fmt.Appendf(nil, `{"active":true,"scope":%q}`, value))
		if err != nil || in.Scope() != Scope(strings.Join(want, " ")) {
			t.Errorf("%q: got %q and error %v, want %q", value, in.Scope(), err, want)
		}
	}
	in, err := Decode(mfp, []byte(`{"active":true,"ſcope":"admin","Scope":"admin"}`)) // IN-22: no folding
	if err != nil || len(in.Scope()) != 0 {
		t.Errorf("got %q and error %v, want no scope", in.Scope(), err)
	}
}

// IN-64, IN-65, A55, A56, MT-08, DP-15: what an answer says about the kind of a token is kept as facts.
func TestFacts(t *testing.T) {
	for _, tt := range []struct {
		members string
		kind    TokenType
		use     Use
		bound   string
	}{
		{`"x":1`, TypeUnstated, UseAccess, ""},
		{`"token_type":"Bearer"`, TypeBearer, UseAccess, ""},
		{`"token_type":"bearer"`, TypeBearer, UseAccess, ""},
		{`"token_type":""`, TypeUnstated, UseAccess, ""},
		{`"token_type":"DPoP"`, TypeDPoP, UseAccess, ""},
		{`"token_type":"mac"`, TypeOther, UseAccess, ""},
		{`"token_use":"access_token"`, TypeUnstated, UseAccess, ""},
		{`"token_use":"refresh_token"`, TypeUnstated, UseRefresh, ""},
		{`"token_use":"id_token"`, TypeUnstated, UseID, ""},
		{`"typ":"Bearer"`, TypeUnstated, UseAccess, ""},
		{`"typ":"at+jwt"`, TypeUnstated, UseAccess, ""},
		{`"typ":"Refresh"`, TypeUnstated, UseRefresh, ""},
		{`"typ":"Offline"`, TypeUnstated, UseRefresh, ""},
		{`"typ":"ID"`, TypeUnstated, UseID, ""},
		{`"cnf":{"jkt":"x"}`, TypeUnstated, UseAccess, `{"jkt":"x"}`},
		{`"cnf":{"x5t#S256":"x"}`, TypeUnstated, UseAccess, `{"x5t#S256":"x"}`},
		{`"cnf":{}`, TypeUnstated, UseAccess, `{}`},
		{`"cnf":"x"`, TypeUnstated, UseAccess, `"x"`},
		{`"cnf":[]`, TypeUnstated, UseAccess, `[]`},
	} {
		for name, p := range all {
			in, err := Decode(p, []byte(`{"active":true,`+tt.members+`}`))
			if err != nil {
				t.Errorf("%s: %s: %v", name, tt.members, err)
				continue
			}
			if in.TokenType != tt.kind || in.Use != tt.use || in.Confirmation() != tt.bound || in.IsBound() != (tt.bound != "") {
				t.Errorf("%s: %s: got type %v, use %v, cnf %q", name, tt.members, in.TokenType, in.Use, in.Confirmation())
			}
		}
	}
}

// Step-up asks for them: an answer without them, or with others that cannot be read, proves nothing.
func TestAuthentication(t *testing.T) {
	for members, want := range map[string]struct {
		acr string
		at  Instant
	}{
		`"acr":"gold","auth_time":1800000000`: {"gold", base * 1000},
		`"acr":"a\/b"`:                        {"a/b", 0},
		`"acr":5,"auth_time":"soon"`:          {"", 0},
		`"acr":null,"auth_time":null`:         {"", 0},
		`"x":1`:                               {"", 0},
	} {
		for name, p := range both {
			in, err := Decode(p, []byte(`{"active":true,`+members+`}`))
			if err != nil || in.AuthContext() != want.acr || in.AuthTime != want.at {
				t.Errorf("%s: %s: got %q at %d and error %v, want %v", name, members, in.AuthContext(), in.AuthTime, err, want)
			}
		}
	}
}

// The strings of an answer are parts of it; those that were escaped there stand behind it.
func TestStringsAreParts(t *testing.T) {
	body := `{"active":true,"sub":"a\/b","aud":["one","t\u0077o","three"],"client_id":"c","scope":" r  w "}`
	in, err := Decode(rfc, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if in.Answer() != body {
		t.Errorf("the answer is %q", in.Answer())
	}
	if got, want := fmt.Sprint(in.Subject(), in.Audience, in.ClientID(), in.Scope()), "a/b[one two three]cr w"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := in.text[len(body):], "a/br wtwothree"; got != want {
		t.Errorf("behind the answer stands %q, want %q", got, want)
	}
}

// MFP-18, JL-03: of the members that only MobileFirst has, those that an identity hangs on must have their types, under its
// profile only.
func TestMobileMembers(t *testing.T) {
	for member, want := range map[string]string{
		`"mfp-user":"alice"`:                       `member "mfp-user" is a string, want an object`,
		`"mfp-user":{"id":5}`:                      `in mfp-user: member "id" is a number, want a string`,
		`"mfp-user":{"authenticatedAt":"now"}`:     "",
		`"mfp-user":{"attributes":[]}`:             "",
		`"mfp-application":[]`:                     `member "mfp-application" is an array, want an object`,
		`"mfp-application":{"id":5}`:               `in mfp-application: member "id" is a number, want a string`,
		`"mfp-application":{"version":1}`:          "",
		`"mfp-device":1`:                           "",
		`"mfp-device":{"status":false}`:            "",
		`"mfp-checks":"x"`:                         "",
		`"mfp-user":null,"mfp-device":null`:        "",
		`"mfp-checks":null,"mfp-application":null`: "",
	} {
		body := []byte(`{"active":true,` + member + `}`)
		_, err := Decode(mfp, body)
		if got := strings.TrimPrefix(fmt.Sprint(err), "<nil>"); got != want {
			t.Errorf("%s: got error %q, want %q", member, got, want)
		}
		if _, err := Decode(rfc, body); err != nil {
			t.Errorf("%s: a server of the other kind may mean what it likes by it, got error %v", member, err)
		}
	}
}

// FuzzDecode: no answer is taken for active but one whose member "active" is literally true, and only it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"active":true}`, `{"active":false}`, `{"active":"true"}`, `{"Active":true}`, `{"active":true,"active":true}`, `[{"active":true}]`,
		`{"x":{"active":true}}`, `{"active":true}x`, `{"\u0061ctive":true}`, `{"active":true,"exp":1e400,"aud":["a"],"scope":" a "}`,
		`{"active":true,"mfp-user":{"id":"a","attributes":{"x":1},"authenticatedAt":1}}`, "{\"active\":true,\"sub\":\"\xff\"}", ``, `null`,
		`{"active":true,"mfp-user":{"id":"a","displayName":"\ud800","attributes":{"x":1,"x":2}},"mfp-device":{"id":5},"mfp-checks":[]}`,
		"{\"active\":true,\"x\":\"\xe2\",\"mfp-checks\":{\"a\":\"\xff\"}}", `{"active":true,"x":"\ud800\",\"active\":false","active":false}`,
		`{"active":true,"exp":"1800000060000"}`, `{"active":true,"cnf":{},"typ":"ID"}`, `{"active":tru`, `{"active":true,}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, p := range all {
			r, err := decode(p, bytes.Clone(body))
			if err != nil || bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) > 9000 { // encoding/json has a limit, too
				continue
			}
			in := r.in
			for _, member := range r.left.named {
				if strings.Trim(member, " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\"") != "" || len(member) > 200 {
					t.Errorf("%s: %q: the log would have %q", name, body, member)
				}
			}
			if in.Active != literallyActive(body) {
				t.Errorf("%s: %q: active is %v", name, body, in.Active)
			}
			if in.Expires < 0 || in.Expires > endOfTime {
				t.Errorf("%s: %q: expires is %d", name, body, in.Expires)
			}
			if in.Active && in.Answer() != string(body) {
				t.Errorf("%s: %q: the answer is %q", name, body, in.Answer())
			}
			user, _ := in.User()
			for _, text := range append(in.Audience, in.ClientID(), in.Username(), in.Subject(), in.Issuer(), string(in.Scope()), in.AuthContext(), user.DisplayName) {
				if !utf8.ValidString(text) {
					t.Errorf("%s: %q: a fact is %q", name, body, text)
				}
			}
			in.Device()
			in.Application()
		}
	})
}

// literallyActive reads the answer with another parser, token by token.
func literallyActive(body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return false
	}
	found, active := 0, false
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return false
		}
		if name == "active" {
			found++
			active = string(value) == "true"
		}
	}
	return found == 1 && active && json.Valid(body)
}
