package strictjson_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// IN-22, CC-31
func TestParseKeepsNamesExact(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"an empty object has no members", `{}`, nil},
		{"white space is no part of a document", " \t\r\n{ \"a\" :\t1 }\n", []string{"a"}},
		{"upper case is another name", `{"Active":true}`, []string{"Active"}},
		{"names that differ in case are two members", `{"active":false,"ACTIVE":true}`, []string{"ACTIVE", "active"}},
		{"a long s does not fold to s", `{"scope":"read","ſcope":"admin"}`, []string{"scope", "ſcope"}},
		{"a Kelvin sign does not fold to k", `{"\u212aid":"1"}`, []string{"\u212aid"}},
		{"composed and decomposed letters are two names", "{\"\u00e9\":1,\"e\u0301\":2}", []string{"e\u0301", "\u00e9"}},
		{"an escaped name is unescaped", `{"\u0061ctive":true}`, []string{"active"}},
		{"a surrogate pair in a name is one letter", `{"\ud83d\ude00":1}`, []string{"😀"}},
		{"an empty name is a name", `{"":1}`, []string{""}},
		{"a NUL does not end a name", `{"active\u0000":true}`, []string{"active\x00"}},
		{"white space is part of a name", `{" active":true}`, []string{" active"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := strictjson.Parse([]byte(tt.doc))
			if err != nil {
				t.Fatalf("Parse(%s): %v", tt.doc, err)
			}
			if got := slices.Sorted(maps.Keys(o.Whole())); !slices.Equal(got, tt.want) {
				t.Errorf("Parse(%s) has members %q, want %q", tt.doc, got, tt.want)
			}
		})
	}
}

func TestParseKeepsValuesAsSent(t *testing.T) {
	const doc = `{"n": 1.50e+2 ,"s":"\u0061" , "a": [1, {"x" :2}] ,"o":{ "b" : null } }`
	o, err := strictjson.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"n": "1.50e+2", "s": `"\u0061"`, "a": `[1, {"x" :2}]`, "o": `{ "b" : null }`}
	for name, value := range want {
		if got := string(o.Whole()[name]); got != value {
			t.Errorf("member %q is %s, want %s", name, got, value)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const pad = `"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,`
	tests := []struct {
		name, doc, want string
	}{
		// IN-23, CC-31
		{"the same name twice", `{"active":false,"active":true}`, `member "active" appears twice in one object`},
		{"the same name twice, the other way round", `{"active":true,"active":false}`, `member "active" appears twice in one object`},
		{"the same name and value twice", `{"scope":"a","scope":"a"}`, `member "scope" appears twice in one object`},
		{"a token twice", `{"access_token":"a","expires_in":5,"access_token":"b"}`, `member "access_token" appears twice in one object`},
		{"a name twice, once escaped", `{"active":false,"\u0061ctive":true}`, `member "active" appears twice in one object`},
		{"a name twice, escaped two ways", `{"\/":1,"\u002F":2}`, `member "/" appears twice in one object`},
		{"an empty name twice", `{"":1,"":2}`, `member "" appears twice in one object`},
		{"a name twice in a nested object", `{"x":{"a":1,"a":2}}`, `member "a" appears twice in one object`},
		{"a name twice in an object in an array", `{"x":[{"b":1},{"a":1,"\u0061":2}]}`, `member "a" appears twice in one object`},
		{"a name twice after many others", `{` + pad + `"9":2}`, `member "9" appears twice in one object`},
		{"a name twice in a nested object after many others", `{"x":{` + pad + `"9":2}}`, `member "9" appears twice in one object`},
		{"the first of many names twice in a nested object", `{"x":{` + pad + `"1":2}}`, `member "1" appears twice in one object`},
		{"the eighth of many names twice in a nested object", `{"x":{` + pad + `"8":2}}`, `member "8" appears twice in one object`},
		{"a name with quotes twice", `{"\"":1,"\"":2}`, `member "\"" appears twice in one object`},
		{"a long name twice, which may be a token", `{"` + strings.Repeat("k", 25) + `":1,"` + strings.Repeat("k", 25) + `":2}`, `a member with a long name appears twice in one object`},
		{"a name of 24 bytes twice", `{"` + strings.Repeat("k", 24) + `":1,"` + strings.Repeat("k", 24) + `":2}`, `member "` + strings.Repeat("k", 24) + `" appears twice in one object`},
		{"a name with a line break twice", `{"a\n":1,"a\n":2}`, `a member with an unprintable name appears twice in one object`},
		{"a name that is no ASCII twice", `{"ſ":1,"\u017f":2}`, `a member with an unprintable name appears twice in one object`},

		// IN-24, CC-31
		{"an empty body", ``, `the document is empty, want an object`},
		{"a body of white space", " \r\n", `the document is empty, want an object`},
		{"an empty array", `[]`, `the document is an array, want an object`},
		{"an object in an array", `[{"active":true}]`, `the document is an array, want an object`},
		{"true", `true`, `the document is a boolean, want an object`},
		{"a string", `"active"`, `the document is a string, want an object`},
		{"a number", `-1`, `the document is a number, want an object`},
		{"null", `null`, `the document is null, want an object`},
		{"a web page", `<html>`, `the document is not JSON, want an object`},
		{"a byte order mark", "\ufeff{}", `the document is not JSON, want an object`},
		{"a form", `active=true`, `the document is not JSON, want an object`},

		// IN-25, CC-31
		{"two documents", `{"active":true}{"active":false}`, `data after the object at byte 15`},
		{"two documents on two lines", "{}\n{}", `data after the object at byte 3`},
		{"a letter after the object", `{"active":true}x`, `data after the object at byte 15`},
		{"a bracket after the object", `{}}`, `data after the object at byte 2`},
		{"a comma after the object", `{},`, `data after the object at byte 2`},
		{"a NUL after the object", "{}\x00", `data after the object at byte 2`},
		{"a form feed after the object", "{}\f", `data after the object at byte 2`},

		// IN-29, CC-31
		{"a stray byte in a value", "{\"sub\":\"\xff\"}", `the document is not valid UTF-8`},
		{"a stray byte in a name", "{\"sub\xff\":\"\"}", `the document is not valid UTF-8`},
		{"a stray byte after the object", "{}\xff", `the document is not valid UTF-8`},
		{"an overlong encoding", "{\"sub\":\"\xc0\xaf\"}", `the document is not valid UTF-8`},
		{"a surrogate in UTF-8", "{\"sub\":\"\xed\xa0\x80\"}", `the document is not valid UTF-8`},
		{"a cut letter", "{\"sub\":\"\xe2\x82\"}", `the document is not valid UTF-8`},
		{"UTF-16", "{\x00}\x00", `not JSON at byte 1`},
		{"a high surrogate alone", `{"sub":"\ud800"}`, `half of a surrogate pair before byte 14`},
		{"a low surrogate alone", `{"sub":"\uDC00"}`, `half of a surrogate pair before byte 14`},
		{"two high surrogates", `{"sub":"\ud800\ud800"}`, `half of a surrogate pair before byte 14`},
		{"a surrogate pair the wrong way round", `{"sub":"\udc00\ud800"}`, `half of a surrogate pair before byte 14`},
		{"a high surrogate before a letter", `{"sub":"\ud800a"}`, `half of a surrogate pair before byte 14`},
		{"a high surrogate before another escape", `{"sub":"\ud800\n"}`, `half of a surrogate pair before byte 14`},
		{"a high surrogate before an escaped letter", `{"sub":"\ud800\u0061"}`, `half of a surrogate pair before byte 14`},
		{"a high surrogate at the end of the document", `{"sub":"\ud800`, `half of a surrogate pair before byte 14`},
		{"a high surrogate before half an escape", `{"sub":"\ud800\udc`, `half of a surrogate pair before byte 14`},
		{"half a pair in a name", `{"\ud800":1}`, `half of a surrogate pair before byte 8`},
		{"half a pair deep down", `{"x":[{"y":"\ud800"}]}`, `half of a surrogate pair before byte 18`},

		// RFC 8259 §2 to §7
		{"a brace alone", `{`, `the document ends too early`},
		{"a name alone", `{"a"`, `the document ends too early`},
		{"a name without a value", `{"a":`, `the document ends too early`},
		{"a member without a brace", `{"a":1`, `the document ends too early`},
		{"half a string", `{"a":"b`, `the document ends too early`},
		{"half an escape", `{"a":"\`, `the document ends too early`},
		{"half a literal", `{"a":tru`, `not JSON at byte 5`},
		{"a brace that closes a bracket", `{"a":[1}`, `not JSON at byte 7`},
		{"a trailing comma", `{"a":1,}`, `not JSON at byte 7`},
		{"a trailing comma in an array", `{"a":[1,]}`, `not JSON at byte 8`},
		{"a comma alone", `{,}`, `not JSON at byte 1`},
		{"two commas", `{"a":1,,"b":2}`, `not JSON at byte 7`},
		{"no comma", `{"a":1 "b":2}`, `not JSON at byte 7`},
		{"no colon", `{"a" 1}`, `not JSON at byte 5`},
		{"an equals sign", `{"a"=1}`, `not JSON at byte 4`},
		{"a name without quotes", `{active:true}`, `not JSON at byte 1`},
		{"single quotes", `{'a':1}`, `not JSON at byte 1`},
		{"a comment", `{/**/"a":1}`, `not JSON at byte 1`},
		{"a line break in a string", "{\"a\":\"\n\"}", `not JSON at byte 6`},
		{"a NUL in a string", "{\"a\":\"\x00\"}", `not JSON at byte 6`},
		{"an unknown escape", `{"a":"\x41"}`, `not JSON at byte 7`},
		{"a short escape", `{"a":"\u12"}`, `not JSON at byte 8`},
		{"a signed escape", `{"a":"\u+123"}`, `not JSON at byte 8`},
		{"an escape with an underscore", `{"a":"\u0_61"}`, `not JSON at byte 8`},
		{"a no-break space between members", "{\u00a0\"a\":1}", `not JSON at byte 1`},
		{"a leading zero", `{"a":01}`, `not JSON at byte 6`},
		{"a leading plus", `{"a":+1}`, `not JSON at byte 5`},
		{"a leading point", `{"a":.5}`, `not JSON at byte 5`},
		{"a trailing point", `{"a":1.}`, `not JSON at byte 7`},
		{"an empty exponent", `{"a":1e}`, `not JSON at byte 7`},
		{"an empty signed exponent", `{"a":1e+}`, `not JSON at byte 8`},
		{"two signs in an exponent", `{"a":1e+-1}`, `not JSON at byte 8`},
		{"a minus alone", `{"a":-}`, `not JSON at byte 6`},
		{"a hexadecimal number", `{"a":0x1}`, `not JSON at byte 6`},
		{"NaN", `{"a":NaN}`, `not JSON at byte 5`},
		{"minus infinity", `{"a":-Infinity}`, `not JSON at byte 6`},
		{"a literal in upper case", `{"a":TRUE}`, `not JSON at byte 5`},
		{"a literal that goes on", `{"a":truely}`, `not JSON at byte 9`},
		{"a literal with a wrong end", `{"a":nul1}`, `not JSON at byte 5`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := strictjson.Parse([]byte(tt.doc))
			if err == nil || err.Error() != tt.want {
				t.Errorf("Parse(%q) = %v, want error %q", tt.doc, err, tt.want)
			}
			if o.Whole() != nil {
				t.Errorf("Parse(%q) returned an object with its error", tt.doc)
			}
		})
	}
}

func TestParseAcceptsEveryFormOfValue(t *testing.T) {
	for _, value := range []string{
		`0`, `-0`, `1`, `10`, `-1.5`, `1e5`, `1E+5`, `1.25e-5`, `true`, `false`, `[null]`, `[]`, `{}`, `[ ]`, `{ }`,
		`[1,2 , 3]`, `[[],[{}]]`, `{"a":{"a":{"a":1}}}`, `[{"a":1},{"a":1}]`,
		`""`, `"\"\\\/\b\f\n\r\t"`, `"\u0000\uFFFF\uabCD"`, `"\ud83d\ude00"`, "\"\x7f\u2028😀\"",
	} {
		o, err := strictjson.Parse([]byte(`{"v":` + value + `}`))
		if err != nil || string(o.Whole()["v"]) != value {
			t.Errorf("value %s came out as %s, %v", value, o.Whole()["v"], err)
		}
	}
}

// IN-28, CC-31
func TestParseBoundsNesting(t *testing.T) {
	arrays := func(n int) string { // the object around them is a level too
		return `{"active":true,"x":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	objects := func(n int) string {
		return strings.Repeat(`{"x":`, n) + `1` + strings.Repeat("}", n)
	}
	tests := []struct {
		name, doc string
		ok        bool
	}{
		{"32 levels of arrays", arrays(32), true},
		{"33 levels of arrays", arrays(33), false},
		{"32 levels of objects", objects(32), true},
		{"33 levels of objects", objects(33), false},
		{"100 000 levels of arrays", arrays(100_000), false},
		{"100 000 levels of objects", objects(100_000), false},
		{"100 000 brackets that never close", `{"x":` + strings.Repeat("[", 100_000), false},
		{"a thousand arrays side by side", `{"x":[` + strings.Repeat("[],", 1000) + `[]]}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			_, err := strictjson.Parse([]byte(tt.doc))
			if d := time.Since(start); d > 50*time.Millisecond {
				t.Errorf("Parse took %v, want < 50ms", d)
			}
			if ok := err == nil; ok != tt.ok {
				t.Errorf("Parse: %v, want accepted: %v", err, tt.ok)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "nested more than 32 levels deep at byte ") {
				t.Errorf("Parse: %v, want an error about nesting", err)
			}
		})
	}
}

// fill repeats item, numbered if it holds a %d, to a document of 1 MiB.
func fill(opening, item, closing string) []byte {
	const size = 1 << 20
	var b strings.Builder
	b.WriteString(opening)
	for i := 0; b.Len() < size-len(item)-len(closing)-16; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.Contains(item, "%") {
			fmt.Fprintf(&b, item, i)
		} else {
			b.WriteString(item)
		}
	}
	b.WriteString(closing)
	return []byte(b.String())
}

// megabytes are the bodies of 1 MiB that cost most.
var megabytes = []struct {
	name string
	doc  []byte
}{
	{"one string", []byte(`{"x":"` + strings.Repeat("a", 1<<20-10) + `"}`)},
	{"one string of escapes", []byte(`{"x":"` + strings.Repeat(`\ud83d\ude00`, 87_000) + `"}`)},
	{"one number", []byte(`{"x":` + strings.Repeat("1", 1<<20-10) + `}`)},
	{"an array of empty strings", fill(`{"x":[`, `""`, `]}`)},
	{"small objects", fill(`{"x":[`, `{"a":1}`, `]}`)},
	{"objects just past the small ones", fill(`{"x":[`, `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}`, `]}`)},
	{"one object of distinct names", fill(`{`, `"%d":1`, `}`)},
	{"one nested object of distinct names", fill(`{"x":{`, `"%d":1`, `}}`)},
	{"one object of escaped names", fill(`{`, `"\u0061%d":1`, `}`)},
}

func TestParseBoundsMemory(t *testing.T) {
	for _, tt := range megabytes {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := strictjson.Parse(tt.doc)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
				t.Errorf("Parse of 1 MiB allocated %d bytes, want <= 64 MiB", got)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	doc := []byte(`{"active":true,"scope":"accessRestricted push.application.com.example","client_id":"orders-api",` +
		`"username":"u1","exp":1800000600,"iat":1800000000,"sub":"u1","aud":["a","b"],"mfp":{"device":{"id":"d"}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strictjson.Parse(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseMegabyte(b *testing.B) {
	for _, tt := range megabytes {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := strictjson.Parse(tt.doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseNested100000(b *testing.B) {
	doc := []byte(`{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strictjson.Parse(doc); err == nil {
			b.Fatal("accepted")
		}
	}
}
