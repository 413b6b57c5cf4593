package strictjson_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

func parse(t *testing.T, doc string) strictjson.Object {
	t.Helper()
	o, err := strictjson.Parse([]byte(doc))
	if err != nil {
		t.Fatalf("Parse(%s): %v", doc, err)
	}
	return o
}

// result is what an accessor returned, as text, so that one table serves all.
func result(value any, present bool, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	if o, ok := value.(strictjson.Object); ok {
		value = o.Whole()
	}
	return fmt.Sprintf("%#v %v", value, present)
}

// IN-66
func TestMembersHaveOneType(t *testing.T) {
	values := []struct{ json, is string }{
		{`"x"`, "a string"},
		{`5`, "a number"},
		{`true`, "a boolean"},
		{`[5]`, "an array"},
		{`[]`, "an array"},
		{`{"a":"b"}`, "an object"},
	}
	tests := []struct {
		method, want string
		call         func(o strictjson.Object) (any, bool, error)
		takes        []string
	}{
		{"String", "a string", func(o strictjson.Object) (any, bool, error) { return o.String("sub") }, []string{`"x"`}},
		{"Bool", "a boolean", func(o strictjson.Object) (any, bool, error) { return o.Bool("sub") }, []string{`true`}},
		{"Number", "a number", func(o strictjson.Object) (any, bool, error) { return o.Number("sub") }, []string{`5`}},
		{"Strings", "a string or an array of strings", func(o strictjson.Object) (any, bool, error) { return o.Strings("sub") }, []string{`"x"`, `[]`, `[5]`}},
		{"Object", "an object", func(o strictjson.Object) (any, bool, error) { return o.Object("sub") }, []string{`{"a":"b"}`}},
	}
	for _, tt := range tests {
		for _, v := range values {
			if slices.Contains(tt.takes, v.json) {
				continue
			}
			t.Run(tt.method+" refuses "+v.json, func(t *testing.T) {
				value, present, err := tt.call(parse(t, `{"sub":`+v.json+`}`))
				want := fmt.Sprintf(`member "sub" is %s, want %s`, v.is, tt.want)
				if err == nil || err.Error() != want {
					t.Errorf("error is %v, want %s", err, want)
				}
				if present || !isZero(value) {
					t.Errorf("got %#v, %v with an error, want zero values", value, present)
				}
			})
		}
		t.Run(tt.method+" of an absent member is not present", func(t *testing.T) {
			for _, o := range []strictjson.Object{{}, parse(t, `{}`), parse(t, `{"Sub":{},"sub ":{}}`), parse(t, `{"sub":null}`)} { // JL-01: null is absent
				value, present, err := tt.call(o)
				if present || err != nil || !isZero(value) {
					t.Errorf("got %#v, %v, %v, want zero values", value, present, err)
				}
			}
		})
	}
}

func isZero(value any) bool {
	switch v := value.(type) {
	case []string:
		return v == nil
	case strictjson.Object:
		return v.Whole() == nil
	default:
		return v == "" || v == false || v == 0.0
	}
}

// JL-01: members that are null are not among the members, and null twice is a defect all the same.
func TestNullIsAbsent(t *testing.T) {
	o, err := strictjson.ParseLenient([]byte(`{"a":null,"b":1,"c":[null],"d":{"e":null},"f":null,"f":null}`))
	if err != nil {
		t.Fatal(err)
	}
	whole := o.Whole()
	if names := slices.Sorted(maps.Keys(whole)); !slices.Equal(names, []string{"b", "c", "d"}) {
		t.Errorf("the members are %q, want b, c and d", names)
	}
	if _, present, err := o.String("f"); present || err == nil {
		t.Errorf("null twice: present %v, error %v, want an error", present, err)
	}
}

// IN-66
func TestMembersAreDecoded(t *testing.T) {
	o := parse(t, `{"plain":"a b","empty":"","escaped":"\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00","raw":"é😀",`+
		`"yes":true,"no":false,"null":null,"zero":0,"minus":-1.5e3,"exp":1800000600,`+
		`"one":["a"],"two":["a","\u0062"],"none":[],"spaced":[ "a" , "b" ],"dup":["a","a"],`+
		`"mixed":["a",1],"withNull":[null],"nested":[["a"]],"objects":[{}],`+
		`"o":{"sub":"x","o":{"deep":true}},"emptyObject":{}}`)
	tests := []struct{ name, got, want string }{
		{"a string", result(o.String("plain")), `"a b" true`},
		{"an empty string is present", result(o.String("empty")), `"" true`},
		{"escapes are decoded", result(o.String("escaped")), `"\"\\/\b\f\n\r\t\x00é😀" true`},
		{"UTF-8 is kept", result(o.String("raw")), `"é😀" true`},
		{"true", result(o.Bool("yes")), `true true`},
		{"false is present", result(o.Bool("no")), `false true`},
		{"zero is present", result(o.Number("zero")), `0 true`},
		{"a negative number", result(o.Number("minus")), `-1500 true`},
		{"a time", result(o.Number("exp")), `1.8000006e+09 true`},
		{"a string is a list of one", result(o.Strings("plain")), `[]string{"a b"} true`},
		{"a list of one", result(o.Strings("one")), `[]string{"a"} true`},
		{"a list of two", result(o.Strings("two")), `[]string{"a", "b"} true`},
		{"an empty list is present", result(o.Strings("none")), `[]string{} true`},
		{"a list with white space", result(o.Strings("spaced")), `[]string{"a", "b"} true`},
		{"a list may repeat itself", result(o.Strings("dup")), `[]string{"a", "a"} true`},
		{"a list with a number", result(o.Strings("mixed")), `error: member "mixed" is an array with a number in it, want a string or an array of strings`},
		{"a list with null", result(o.Strings("withNull")), `error: member "withNull" is an array with null in it, want a string or an array of strings`},
		{"a list of lists", result(o.Strings("nested")), `error: member "nested" is an array with an array in it, want a string or an array of strings`},
		{"a list of objects", result(o.Strings("objects")), `error: member "objects" is an array with an object in it, want a string or an array of strings`},
		{"null as sent", result(o.Raw("null")), `json.RawMessage(nil) false`}, // JL-01
		{"an object that is null is absent", result(o.Object("null")), `map[string]json.RawMessage(nil) false`},
		{"an empty object is present", result(o.Object("emptyObject")), `map[string]json.RawMessage{} true`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %s, want %s", tt.got, tt.want)
			}
		})
	}

	t.Run("an object in an object", func(t *testing.T) {
		outer, _, err := o.Object("o")
		if err != nil {
			t.Fatal(err)
		}
		inner, _, err := outer.Object("o")
		if err != nil {
			t.Fatal(err)
		}
		if got := result(inner.Bool("deep")); got != "true true" {
			t.Errorf("got %s, want true true", got)
		}
	})
}

// IN-66
func TestNumbersOutOfRange(t *testing.T) {
	tests := []struct {
		name, json string
		want       float64
	}{
		{"too large is +Inf", `1e999`, math.Inf(1)},
		{"too large below zero is -Inf", `-1e999`, math.Inf(-1)},
		{"too many digits are +Inf", strings.Repeat("9", 400), math.Inf(1)},
		{"too small is zero", `1e-999`, 0},
		{"an exponent past int64 is +Inf", `1e99999999999999999999`, math.Inf(1)},
		{"the largest float64 is itself", `1.7976931348623157e308`, math.MaxFloat64},
		{"past 2^53 is the nearest float64", `9007199254740993`, 9007199254740992},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, present, err := parse(t, `{"exp":`+tt.json+`}`).Number("exp")
			if got != tt.want || !present || err != nil {
				t.Errorf("got %v, %v, %v, want %v", got, present, err, tt.want)
			}
		})
	}
}

// IN-22
func TestNamesAreLookedUpExactly(t *testing.T) {
	o := parse(t, `{"Active":true,"ſcope":"admin","su\u0062":"x"}`)
	if _, present, err := o.Bool("active"); present || err != nil {
		t.Errorf("Active was taken for active (%v)", err)
	}
	if _, present, err := o.String("scope"); present || err != nil {
		t.Errorf("ſcope was taken for scope (%v)", err)
	}
	if got, _, _ := o.String("sub"); got != "x" {
		t.Errorf("sub is %q, want x", got)
	}
	if _, present, _ := o.String(`su\u0062`); present {
		t.Error("an escaped name was found as sent")
	}
}

func TestErrorsQuoteOnlyShortPrintableNames(t *testing.T) {
	tests := []struct{ name, member, want string }{
		{"a plain name", "client_id", `member "client_id" is a number, want a string`},
		{"a name with a quote", `a"b`, `member "a\"b" is a number, want a string`},
		{"a name of 24 bytes", strings.Repeat("k", 24), `member "` + strings.Repeat("k", 24) + `" is a number, want a string`},
		{"a name of 25 bytes", strings.Repeat("k", 25), `a member with a long name is a number, want a string`},
		{"a name that may be a secret", "s3cret-of-ours", `a member with an unusual name is a number, want a string`},
		{"a name with a line break", "a\nb", `a member with an unprintable name is a number, want a string`},
		{"a name with DEL", "a\x7f", `a member with an unprintable name is a number, want a string`},
		{"a name that is no ASCII", "ſcope", `a member with an unprintable name is a number, want a string`},
		{"an empty name", "", `member "" is a number, want a string`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, err := json.Marshal(tt.member)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = parse(t, `{`+string(name)+`:5}`).String(tt.member)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}

func TestNumberOrString(t *testing.T) {
	for _, tc := range []struct {
		name, json string
		want       float64
		present    bool
		fails      bool
	}{
		{"a number", `{"n":1.5e3}`, 1500, true, false},
		{"a number in quotes", `{"n":"1800000060"}`, 1800000060, true, false}, // CC-18
		{"absent", `{}`, 0, false, false},
		{"words", `{"n":"abc"}`, 0, false, true},
		{"an empty string", `{"n":""}`, 0, false, true},
		{"blanks around the number", `{"n":" 1 "}`, 0, false, true},
		{"a blank behind the number", `{"n":"1 "}`, 0, false, true},
		{"not a number by name", `{"n":"NaN"}`, 0, false, true},
		{"infinity by name", `{"n":"Infinity"}`, 0, false, true},
		{"a hexadecimal number", `{"n":"0x10p0"}`, 0, false, true},
		{"a leading plus", `{"n":"+1"}`, 0, false, true},
		{"null", `{"n":null}`, 0, false, false}, // JL-01
		{"an array", `{"n":[1]}`, 0, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, err := strictjson.Parse([]byte(tc.json))
			if err != nil {
				t.Fatal(err)
			}
			got, present, err := o.NumberOrString("n")
			if got != tc.want || present != tc.present || err != nil != tc.fails {
				t.Errorf("got %v, %v, %v; want %v, %v, failing %v", got, present, err, tc.want, tc.present, tc.fails)
			}
		})
	}
}

func TestStringsRefusesAnObjectInTheArray(t *testing.T) {
	o, err := strictjson.Parse([]byte(`{"aud":["a",{"b":1,"c":[{"d":2}]}]}`)) // IN-62
	if err != nil {
		t.Fatal(err)
	}
	if got, present, err := o.Strings("aud"); err == nil || present {
		t.Errorf("got %v, %v, want an error", got, present)
	}
}
