package strictjson

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// FuzzParseLenient (JL-03) holds ParseLenient against Parse, against encoding/json, and against a scan that knows quotes and
// brackets only: members are where all of them see them, and what is not marked as broken is what Parse would accept.
func FuzzParseLenient(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"sub":null,"mfp-user":{"id":"a","displayName":"\ud800","attributes":{"a":1,"a":2}}}`,
		`{"active":false,"x":"\ud800\",\"active\":true","active":true}`,
		"{\"x\":\"\xe2\",\"active\":false,\"y\":\"\x80\"}",
		"{\"x\":\"\x95\\\",\",\":\":1,\",\":\"\x95\\\"}",
		"{\"a\xff\":1,\"\\ud800\":2}", "\ufeff{}", `{"a":1,"a":"\udc00","a":1}`,
		`{"x":` + strings.Repeat("[", 40) + `{"a" : [1,"]"] , "b":{}}` + strings.Repeat("]", 40) + `,"active":true}`,
		`{"x":` + strings.Repeat(`{"":[`, 20) + `1,` + strings.Repeat("]}", 20) + `}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := ParseLenient(data)
		exact, strictErr := Parse(data)
		if err != nil {
			if strictErr == nil {
				t.Fatalf("Parse takes %q, ParseLenient says %v", data, err)
			}
			for _, broken := range []string{"not JSON at", "the document ends", "data after"} {
				if strings.HasPrefix(err.Error(), broken) && json.Valid(data) {
					t.Errorf("%q: %v, but encoding/json finds it valid", data, err)
				}
			}
			return
		}
		if (strictErr == nil) != (len(o.Broken()) == 0) {
			t.Errorf("%q: broken are %q, Parse says %v", data, o.Broken(), strictErr)
		}
		if strictErr == nil && !maps.EqualFunc(o.members, exact.members, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
			t.Errorf("%q: has %q, Parse has %q", data, o.members, exact.members)
		}
		if !json.Valid(data) && strings.Count(string(data), "[")+strings.Count(string(data), "{") < 10_000 { // its own limit
			t.Errorf("%q: encoding/json finds it invalid", data)
		}
		agree(t, data, o)
	})
}

// agree checks that o has the members of a scan, and that just the broken ones have a defect.
func agree(t *testing.T, data []byte, o Object) {
	seen := make(map[string]int)
	for name, raw := range scan(data) {
		var plain string
		if err := json.Unmarshal([]byte(name), &plain); err != nil {
			t.Fatalf("%q: name %q: %v", data, name, err)
		}
		seen[plain]++
		_, strictErr := Parse([]byte(`{"v":` + raw + `}`))
		got, held := o.members[plain]
		defect, broken := o.defects[plain]
		switch {
		case !held:
			t.Errorf("%q: no member %q", data, plain)
		case defect == twice:
			if got != nil {
				t.Errorf("%q: member %q comes twice and is %q", data, plain, got)
			}
		case string(got) != raw || broken != (strictErr != nil):
			t.Errorf("%q: member %q is %q, %q, want %q, %v", data, plain, got, defect, raw, strictErr)
		}
	}
	for name, n := range seen {
		if (n > 1) != (o.defects[name] == twice) {
			t.Errorf("%q: name %q comes %d times and is %q", data, name, n, o.defects[name])
		}
	}
	if len(seen) != len(o.members) {
		t.Errorf("%q: members are %q, want %v", data, slices.Sorted(maps.Keys(o.members)), seen)
	}
}

// scan yields names and values of the outermost object, as sent, of a document that is JSON but for its defects.
func scan(data []byte) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		depth, start, name := 0, 0, ""
		end := func(at int) bool {
			value := strings.Trim(string(data[start:at]), " \t\r\n")
			return name == "" || yield(strings.Trim(name, " \t\r\n"), value)
		}
		for i := 0; i < len(data); i++ {
			switch c := data[i]; {
			case c == '"':
				for i++; data[i] != '"'; i++ {
					if data[i] == '\\' {
						i++
					}
				}
			case c == '{' || c == '[':
				if depth++; depth == 1 {
					start = i + 1
				}
			case c == '}' || c == ']':
				if depth--; depth == 0 && !end(i) {
					return
				}
			case c == ':' && depth == 1:
				name, start = string(data[start:i]), i+1
			case c == ',' && depth == 1:
				if !end(i) {
					return
				}
				start = i + 1
			}
		}
	}
}
