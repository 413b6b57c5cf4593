package strictjson_test

import (
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// lenient returns "ok", or what is wrong with each member, or with the document.
func lenient(doc string) string {
	o, err := strictjson.ParseLenient([]byte(doc))
	if err != nil {
		return "error: " + err.Error()
	}
	var all []string
	for _, name := range o.Broken() {
		_, _, err := o.Raw(name)
		all = append(all, err.Error())
	}
	if all == nil {
		return "ok"
	}
	return strings.Join(all, "; ")
}

// JL-03: a defect in a value is one of its member, and the others are read.
func TestADefectIsOneOfItsMember(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	const half, stray, twice, tooDeep = ` has half of a surrogate pair in it`, ` is not valid UTF-8`, ` has two members of the same name in it`, ` is nested too deep`
	for _, tt := range []struct{ name, value, want string }{
		{"nothing is wrong", `"\ud83d\ude00"`, "ok"},
		{"a high surrogate alone", `"\ud800"`, half},
		{"a low surrogate alone", `"\uDC00"`, half},
		{"a surrogate pair the wrong way round", `"\udc00\ud800"`, half},
		{"a high surrogate before a pair", `"\ud800\ud83d\ude00"`, half},
		{"a high surrogate before a quote", `"\ud800\""`, half},
		{"a high surrogate before a backslash", `"\ud800\\"`, half},
		{"half a pair in an array", `[1,"\ud800"]`, half},
		{"half a pair in a nested name", `{"\ud800":1}`, half},
		{"half a pair deep down", `[{"x":[{"y":"\ud800"}]}]`, half},
		{"a Latin-1 letter", "\"Jos\xe9\"", stray},
		{"a Latin-1 letter in a nested name", "{\"\xe9\":1}", stray},
		{"a letter that was cut", "\"Jos\xc3\"", stray},
		{"an overlong quote", "\"\xc0\xa2\"", stray},
		{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", stray},
		{"a lead byte of four at the end", "\"\xf0\"", stray},
		{"a Latin-1 letter and an escape apart from it", "\"\xe9 \\n\"", stray},
		{"a nested name twice", `{"a":1,"a":2}`, twice},
		{"a nested name twice, once escaped", `{"a":1,"\u0061":2}`, twice},
		{"a nested name three times", `{"a":1,"a":2,"a":3}`, twice},
		{"a nested name twice after many", `{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"9":2}`, twice},
		{"32 levels", deep(31), "ok"},
		{"33 levels", deep(32), tooDeep},
		{"33 levels of objects", strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat("}", 32), tooDeep},
		{"many things beyond the last level", strings.Repeat("[", 31) + `[1,{"a":[],"b":{}, "c" : "]}\"" } , null,[ ],{ }],[2]` + strings.Repeat("]", 31), tooDeep},
		{"a million levels", deep(1 << 19), tooDeep},
		{"two defects: the first is named", `["\ud800",{"a":1,"a":2}]`, half},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := strictjson.ParseLenient([]byte(`{"before":1,"x":` + tt.value + `,"after":[2]}`))
			if err != nil {
				t.Fatal(err)
			}
			if _, present, err := o.Raw("x"); err == nil != present || strings.TrimPrefix(fmt.Sprint(err), "<nil>") != strings.TrimPrefix(`member "x"`+tt.want, `member "x"ok`) {
				t.Errorf("got %v, %v, want member x%s", present, err, tt.want)
			}
			want := []string{"after", "before"}
			if tt.want == "ok" {
				want = append(want, "x")
			}
			if got := slices.Sorted(maps.Keys(o.Whole())); !slices.Equal(got, want) {
				t.Errorf("whole are %q, want %q", got, want)
			}
			if got, _, err := o.Number("before"); got != 1 || err != nil {
				t.Errorf("the member before is %v, %v", got, err)
			}
			if got := string(o.Whole()["after"]); got != "[2]" {
				t.Errorf("the member after is %s", got)
			}
		})
	}
}

// JL-03: no method returns anything of a member that cannot be read.
func TestABrokenMemberIsAnErrorToEveryMethod(t *testing.T) {
	for _, doc := range []string{`{"m":"\ud800"}`, `{"m":["\ud800"]}`, `{"m":1,"m":2}`, `{"m":true,"m":true}`, `{"m":null,"m":null}`, `{"m":{},"\u006d":{}}`, `{"m":"1","x":0,"m":"1","m":"1"}`} {
		o, err := strictjson.ParseLenient([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		for method, call := range map[string]func() (any, bool, error){
			"String":         func() (any, bool, error) { return o.String("m") },
			"Bool":           func() (any, bool, error) { return o.Bool("m") },
			"Number":         func() (any, bool, error) { return o.Number("m") },
			"NumberOrString": func() (any, bool, error) { return o.NumberOrString("m") },
			"Strings":        func() (any, bool, error) { return o.Strings("m") },
			"Object":         func() (any, bool, error) { return o.Object("m") },
		} {
			if value, present, err := call(); present || err == nil || !isZero(value) {
				t.Errorf("%s: %s returned %v, %v, %v", doc, method, value, present, err)
			}
		}
		if raw, present, err := o.Raw("m"); raw != nil || present || err == nil {
			t.Errorf("%s: Raw returned %s, %v, %v", doc, raw, present, err)
		}
		if _, ok := o.Whole()["m"]; ok || !slices.Equal(o.Broken(), []string{"m"}) {
			t.Errorf("%s: whole are %v, broken %v", doc, o.Whole(), o.Broken())
		}
	}
}

// JL-03: an object with something broken in it is read as far as it goes.
func TestAnObjectIsReadAroundItsDefects(t *testing.T) {
	o, err := strictjson.ParseLenient([]byte(`{"user":{"id":"alice","name":"\ud800","a":{"b":{"c":1,"c":1,"d":2},"e":3}}}`))
	if err != nil {
		t.Fatal(err)
	}
	user, present, err := o.Object("user")
	if err != nil || !present {
		t.Fatal(present, err)
	}
	if id, _, err := user.String("id"); id != "alice" || err != nil {
		t.Errorf("id is %q, %v", id, err)
	}
	if got := user.Broken(); !slices.Equal(got, []string{"a", "name"}) {
		t.Errorf("broken are %q", got)
	}
	a, _, _ := user.Object("a")
	b, _, _ := a.Object("b")
	if got, _, err := b.Number("d"); got != 2 || err != nil || !slices.Equal(b.Broken(), []string{"c"}) {
		t.Errorf("d is %v, %v, broken are %q", got, err, b.Broken())
	}
	o, err = strictjson.ParseLenient([]byte(`{"user":{"id":"alice","\ud800":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `member "user": the name of a member has half of a surrogate pair in it before byte 23`
	if user, present, err := o.Object("user"); present || err == nil || err.Error() != want || user.Whole() != nil {
		t.Errorf("an object with an unreadable name: got %v, %v, want %s", present, err, want)
	}
}

// JL-03, IN-28: depth counts from the document, whatever way leads down.
func TestDepthCountsFromTheDocument(t *testing.T) {
	o, err := strictjson.ParseLenient([]byte(strings.Repeat(`{"x":`, 40) + `{}` + strings.Repeat("}", 40)))
	for level := 1; err == nil; level++ {
		var present bool
		if o, present, err = o.Object("x"); (err == nil) != present || (err == nil) != (level < 32) {
			t.Fatalf("level %d: %v, %v", level, present, err)
		}
	}
	if got, want := err.Error(), `member "x" is nested too deep`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// JL-03: what is uncertain about the whole document stays an error of it.
func TestParseLenientRefuses(t *testing.T) {
	down := strings.Repeat("[", 40)
	up := strings.Repeat("]", 40)
	for _, tt := range []struct{ name, doc, want string }{
		{"a byte order mark", "\ufeff{}", "the document is not JSON, want an object"},
		{"a byte order mark of UTF-16", "\xff\xfe{\x00}\x00", "the document is not JSON, want an object"},
		{"a byte order mark behind", "{}\ufeff", "data after the object at byte 2"},
		{"a stray byte behind", "{}\xff", "data after the object at byte 2"},
		{"a stray byte between members", "{\xff\"a\":1}", "not JSON at byte 1"},
		{"a stray byte for a value", "{\"a\":\xff}", "not JSON at byte 5"},
		{"UTF-16", "{\x00}\x00", "not JSON at byte 1"},
		{"two documents", `{"a":"\ud800"}{}`, "data after the object at byte 14"},
		{"half a pair in a name", `{"\ud800":1}`, "the name of a member has half of a surrogate pair in it before byte 10"},
		{"half a pair in a name, twice", `{"a\ud800":1,"a\ud800":1}`, "the name of a member has half of a surrogate pair in it before byte 11"},
		{"a stray byte in a name", "{\"active\xff\":false,\"active\":true}", "the name of a member is not valid UTF-8 before byte 11"},
		{"a defect hides a broken bracket", `{"a":["\ud800"}`, "not JSON at byte 14"},
		{"a defect hides a missing comma", `{"a":"\ud800" "b":1}`, "not JSON at byte 14"},
		{"a defect hides a trailing comma", `{"a":"\ud800",}`, "not JSON at byte 14"},
		{"a defect hides a line break", "{\"a\":\"\\ud800\n\"}", "not JSON at byte 12"},
		{"half a pair before half an escape", `{"a":"\ud800\u12"}`, "not JSON at byte 14"},
		{"half a pair before an unknown escape", `{"a":"\ud800\x"}`, "not JSON at byte 13"},
		{"half a pair at the end", `{"a":"\ud800`, "the document ends too early"},
		{"half a pair eats the quote", `{"a":"\ud800\","active":true}`, "not JSON at byte 16"},
		{"a letter of Shift JIS that ends in a backslash", "{\"a\":\"\x95\\\\\"}", "the document is not valid UTF-8"},
		{"a letter of Shift JIS that escapes the quote", "{\"a\":\"\x95\\\",\",\":\":1,\",\":\"\x95\\\"}", "the document is not valid UTF-8"},
		{"the same in a name", "{\"x\":{\"\x95\\\\\":1}}", "the document is not valid UTF-8"},
		{"the same, where the letter is UTF-8 and another string is not", "{\"a\":\"\xff\",\"b\":\"\u3055\\n\"}", "the document is not valid UTF-8"},

		{"deep: an object that an array closes", `{"x":` + down + `{]` + up + `}`, "not JSON at byte 46"},
		{"deep: an array that an object closes", `{"x":` + down + `[}` + up + `}`, "not JSON at byte 46"},
		{"deep: a trailing comma", `{"x":` + down + `1,` + up + `}`, "not JSON at byte 47"},
		{"deep: a trailing comma in an object", `{"x":` + down + `{"a":1,}` + up + `}`, "not JSON at byte 52"},
		{"deep: a leading comma", `{"x":` + down + `,1` + up + `}`, "not JSON at byte 45"},
		{"deep: no comma", `{"x":` + down + `1 2` + up + `}`, "not JSON at byte 47"},
		{"deep: no colon", `{"x":` + down + `{"a" 1}` + up + `}`, "not JSON at byte 50"},
		{"deep: no value", `{"x":` + down + `{"a":}` + up + `}`, "not JSON at byte 50"},
		{"deep: no name", `{"x":` + down + `{1:1}` + up + `}`, "not JSON at byte 46"},
		{"deep: a word", `{"x":` + down + `tru` + up + `}`, "not JSON at byte 45"},
		{"deep: a number", `{"x":` + down + `01` + up + `}`, "not JSON at byte 46"},
		{"deep: a string that never ends", `{"x":` + down + `"` + up + `}`, "the document ends too early"},
		{"deep: an escape", `{"x":` + down + `"\q"` + up + `}`, "not JSON at byte 47"},
		{"deep: one bracket too few", `{"x":` + down + up[1:] + `}`, "not JSON at byte 84"},
		{"deep: one bracket too many", `{"x":` + down + up + `]}`, "not JSON at byte 85"},
		{"deep: never closed", `{"x":` + strings.Repeat("[", 1<<20), "the document ends too early"},
		{"deep: never closed, with names", `{"x":` + strings.Repeat(`{"":`, 1<<18), "the document ends too early"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := lenient(tt.doc); got != "error: "+tt.want {
				t.Errorf("got %s, want error %s", got, tt.want)
			}
		})
	}
}

// JL-03: whatever a user may write into a value, the members beside it stay as they are.
func TestNothingIsSmuggled(t *testing.T) {
	down, up := strings.Repeat("[", 40), strings.Repeat("]", 40)
	for _, tt := range []struct{ name, doc, active string }{
		{"a quote behind half a pair", `{"x":"\ud800\",\"active\":true,\"y\":\"","active":false}`, "false true <nil>"},
		{"a lead byte before the quote", "{\"x\":\"\xe2\",\"active\":false,\"y\":\"\x80\"}", "false true <nil>"},
		{"an overlong quote", "{\"x\":\"\xc0\xa2,\",\"active\":false}", "false true <nil>"},
		{"active inside of what is too deep", `{"x":` + down + `{"active":true}` + up + `,"active":false}`, "false true <nil>"},
		{"brackets in a string too deep", `{"x":` + down + `"]]]]}]]],\"active\":true"` + up + `,"active":false}`, "false true <nil>"},
		{"active too deep, and nowhere else", `{"x":` + down + `{"active":true}` + up + `}`, "false false <nil>"},
		{"active twice around a defect", `{"active":true,"x":"\ud800","active":false}`, `false false member "active" appears twice in one object`},
		{"active twice, once escaped", `{"active":true,"x":"\ud800","\u0061ctive":true}`, `false false member "active" appears twice in one object`},
		{"active three times", `{"active":true,"active":false,"active":true}`, `false false member "active" appears twice in one object`},
		{"active is broken", `{"active":["\ud800"]}`, `false false member "active" has half of a surrogate pair in it`},
		{"active twice, broken first", `{"active":"\ud800","active":true}`, `false false member "active" appears twice in one object`},
		{"active twice, broken last", `{"active":true,"active":"\ud800"}`, `false false member "active" appears twice in one object`},
		{"active twice, too deep last", `{"active":true,"active":` + down + up + `}`, `false false member "active" appears twice in one object`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := strictjson.ParseLenient([]byte(tt.doc))
			if err != nil {
				t.Fatal(err)
			}
			active, present, err := o.Bool("active")
			if got := fmt.Sprint(active, present, err); got != tt.active {
				t.Errorf("got %s, want %s", got, tt.active)
			}
		})
	}
}

// JL-03, IN-28: a million levels cost a byte each and no stack.
func TestDepthCostsNoStack(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(64 << 10)) // overflowing it ends the process
	for _, doc := range []string{
		`{"active":true,"x":` + strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19) + `}`,
		`{"active":true,"x":` + strings.Repeat(`{"a":[`, 1<<17) + strings.Repeat("]}", 1<<17) + `}`,
		`{"active":true,"x":` + strings.Repeat("[", 1<<20),
	} {
		done := make(chan uint64)
		go func() { // whose stack is new
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			o, err := strictjson.ParseLenient([]byte(doc))
			runtime.ReadMemStats(&after)
			if active, _, _ := o.Bool("active"); active != (err == nil) {
				t.Errorf("active is %v, %v", active, err)
			}
			done <- after.TotalAlloc - before.TotalAlloc
		}()
		if got := <-done; got > 16<<20 {
			t.Errorf("allocated %d bytes for %d", got, len(doc))
		}
	}
}

// The bodies of 1 MiB with most defects in them.
func TestParseLenientBoundsMemory(t *testing.T) {
	for name, doc := range map[string][]byte{
		"broken members":    fill(`{`, `"%d":"\ud800"`, `}`),
		"stray bytes":       fill(`{`, "\"%d\":\"\xff\"", `}`),
		"one name":          fill(`{`, `"":0`, `}`),
		"names twice":       fill(`{"x":[`, `{"a":1,"a":1}`, `]}`),
		"deep side by side": fill(`{"x":`+strings.Repeat("[", 31), `[]`, strings.Repeat("]", 31)+`}`),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := strictjson.ParseLenient(doc)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
			t.Errorf("%s: allocated %d bytes, want <= 64 MiB", name, got)
		}
	}
}

func BenchmarkParseLenient(b *testing.B) {
	for name, doc := range map[string]string{
		"usual":                 `{"active":true,"scope":"a b","exp":1800000600,"mfp-user":{"id":"alice","displayName":"Alice","attributes":{"a":1,"b":2}}}`,
		"half a surrogate pair": `{"active":true,"scope":"a b","exp":1800000600,"mfp-user":{"id":"alice","displayName":"\ud800","attributes":{"a":1,"b":2}}}`,
		"a million levels":      `{"x":` + strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19) + `}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := strictjson.ParseLenient([]byte(doc)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
