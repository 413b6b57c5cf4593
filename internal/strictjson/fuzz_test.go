package strictjson_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// FuzzParse holds Parse against encoding/json: it accepts no more, understands
// the same, and calls nothing broken that encoding/json finds well formed.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"scope":"a b","exp":1800000600,"aud":["a","b"],"sub":null,"mfp":{"device":{"id":"d"}}}`,
		`{"active":false,"\u0061ctive":true}`,
		`{"Active":true,"ſcope":"admin"}`,
		`{"active":true}{"active":false}`,
		`{"a":"\ud83d\ude00\ud800"}`,
		"{\"sub\":\"\xff\"}",
		"{\"\xed\xa0\x80\":1}",
		`{"a":[-0.5e+10,1E999,0,tru]}`,
		` { "a" : [ { } , [ ] ] } `,
		`{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		`[{"active":true}]`, `null`, `"active"`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := strictjson.Parse(data)
		if err != nil {
			printable(t, err)
			for _, broken := range []string{"not JSON at", "the document ends", "data after", "the document is not JSON", "the document is empty"} {
				if strings.HasPrefix(err.Error(), broken) && json.Valid(data) {
					t.Errorf("Parse(%q): %v, but encoding/json finds it valid", data, err)
				}
			}
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(data, &members); err != nil {
			t.Fatalf("Parse(%q) accepts what encoding/json refuses: %v", data, err)
		}
		for name, raw := range members { // JL-01: null is absent
			if got, ok, err := o.Raw(name); string(raw) == "null" && (ok || err != nil || got != nil) {
				t.Errorf("Parse(%q) has null member %q as %q, %v, %v", data, name, got, ok, err)
			}
		}
		maps.DeleteFunc(members, func(_ string, raw json.RawMessage) bool { return string(raw) == "null" })
		if got := len(o.Whole()); got != len(members) || len(o.Broken()) != 0 {
			t.Errorf("Parse(%q) has %d members and %q broken, want %d", data, got, o.Broken(), len(members))
		}
		for name, raw := range members {
			if got, ok, err := o.Raw(name); !ok || err != nil || string(got) != string(raw) {
				t.Errorf("Parse(%q) has member %q as %q, %v, %v, want %q", data, name, got, ok, err, raw)
			}
			accessorsAgree(t, o, name, raw)
		}
	})
}

// accessorsAgree checks that at most one type fits a member (a string fits
// Strings as well) and that the value is what encoding/json makes of it.
func accessorsAgree(t *testing.T, o strictjson.Object, name string, raw []byte) {
	t.Helper()
	var want any
	if err := json.Unmarshal(raw, &want); err != nil && !strings.Contains(err.Error(), "into Go value of type float64") {
		t.Fatalf("member %q is %q: %v", name, raw, err)
	}
	fits := 0
	if got, ok, err := o.String(name); ok {
		fits++
		if got != want {
			t.Errorf("String(%q) = %q, want %q", name, got, want)
		}
	} else {
		printable(t, err)
	}
	if got, ok, err := o.Bool(name); ok {
		fits++
		if got != want {
			t.Errorf("Bool(%q) = %v, want %v", name, got, want)
		}
	} else {
		printable(t, err)
	}
	if got, ok, err := o.Number(name); ok {
		fits++
		if want != nil && got != want { // nil: encoding/json finds it too large
			t.Errorf("Number(%q) = %v, want %v", name, got, want)
		}
	} else {
		printable(t, err)
	}
	if got, ok, err := o.Object(name); ok {
		fits++
		if members, _ := want.(map[string]any); len(got.Whole()) != len(members) {
			t.Errorf("Object(%q) has %d members, want %d", name, len(got.Whole()), len(members))
		}
	} else if err != nil {
		printable(t, err)
	} else if want != nil {
		t.Errorf("Object(%q) is absent, want %v", name, want)
	}
	if got, ok, err := o.Strings(name); ok {
		if list, _ := want.([]any); want != nil && fits == 0 && len(got) != len(list) {
			t.Errorf("Strings(%q) = %q, want %q", name, got, want)
		}
	} else {
		printable(t, err)
	}
	if fits > 1 {
		t.Errorf("member %q is %q and fits %d types", name, raw, fits)
	}
}

// printable checks that err is there and safe to log.
func printable(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("neither a value nor an error")
	}
	const longest = 160
	if len(err.Error()) > longest {
		t.Errorf("error text has %d bytes, want <= %d", len(err.Error()), longest)
	}
	for _, c := range []byte(err.Error()) {
		if c < ' ' || c > '~' {
			t.Errorf("error text %q is not printable ASCII", err)
		}
	}
}
