// Package strictjson decodes JSON objects whose members decide about access.
//
// encoding/json is tolerant: it ignores the case of names, takes the last of two
// equal names, and repairs broken text. Here everything that two readers could
// read differently is an error (RFC 8259 §4 and §8,
// https://www.rfc-editor.org/rfc/rfc8259), and members are picked by exact name
// and exact type.
//
//	o, err := strictjson.Parse(body)
//	if err != nil {
//		return err
//	}
//	active, ok, err := o.Bool("active")
//	switch {
//	case err != nil:
//		return err
//	case !ok:
//		return errors.New("no active member")
//	}
//
// [ParseLenient] is for documents with many members that decide about nothing: a
// defect is an error of its member, not of the document.
//
// Its errors may be logged. They quote nothing of the document except a member
// name, and only if it is short printable ASCII that looks like a name.
//
// It is not a general decoder: there are no struct tags. It does not limit the
// size of the document; the reader of the body must do that.
package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Object is a JSON object: its members by exact name, unescaped. The zero Object
// has no members.
//
// Every method that takes a member name reports whether the member is present. A
// member that is null is not present: servers send null for "none". A value of the
// wrong type is an error and not present. A member that [ParseLenient] found broken
// is also an error and not present.
type Object struct {
	members map[string]json.RawMessage // as sent; nil where the name comes twice
	defects map[string]string          // of the members that have one
	depth   int                        // how many objects enclose it, itself included
}

// blame records a defect of a member.
func (o *Object) blame(name, defect string) {
	if o.defects == nil {
		o.defects = make(map[string]string)
	}
	o.defects[name] = defect
}

// Raw returns a member's value as sent, valid JSON without white space around it.
func (o Object) Raw(name string) (value json.RawMessage, present bool, err error) {
	raw, ok := o.members[name]
	if defect, broken := o.defects[name]; broken {
		return nil, false, fmt.Errorf("%s %s", describe(name), defect)
	}
	if !ok || kind(raw) == aNull {
		return nil, false, nil
	}
	return raw, true, nil
}

// Broken returns the names of the members that cannot be read, sorted.
func (o Object) Broken() []string {
	return slices.Sorted(maps.Keys(o.defects))
}

// Whole returns the members that are present, as Raw does. The caller owns the map.
func (o Object) Whole() map[string]json.RawMessage {
	whole := maps.Clone(o.members)
	maps.DeleteFunc(whole, func(name string, raw json.RawMessage) bool {
		_, broken := o.defects[name]
		return broken || kind(raw) == aNull
	})
	return whole
}

// String returns a member that must be a string.
func (o Object) String(name string) (value string, present bool, err error) {
	raw, present, err := o.Raw(name)
	if err != nil || !present {
		return "", false, err
	}
	if kind(raw) != aString {
		return "", false, wrongType(name, raw, aString)
	}
	return unquote(raw), true, nil
}

// Bool returns a member that must be true or false.
func (o Object) Bool(name string) (value, present bool, err error) {
	raw, present, err := o.Raw(name)
	if err != nil || !present {
		return false, false, err
	}
	if kind(raw) != aBool {
		return false, false, wrongType(name, raw, aBool)
	}
	return string(raw) == "true", true, nil
}

// Number returns a member that must be a number. One too large for a float64
// is ±Inf, which compares as the large number it is; converting it to an
// integer does not.
func (o Object) Number(name string) (value float64, present bool, err error) {
	raw, present, err := o.Raw(name)
	if err != nil || !present {
		return 0, false, err
	}
	if kind(raw) != aNumber {
		return 0, false, wrongType(name, raw, aNumber)
	}
	return number(string(raw)), true, nil
}

// NumberOrString is Number for servers that put quotes around numbers: a string
// that holds a JSON number, and nothing else, is that number.
func (o Object) NumberOrString(name string) (value float64, present bool, err error) {
	if kind(o.members[name]) != aString {
		return o.Number(name)
	}
	text, _, err := o.String(name)
	if err != nil {
		return 0, false, err
	}
	if kind([]byte(text)) != aNumber || !json.Valid([]byte(text)) || strings.ContainsAny(text, " \t\r\n") {
		return 0, false, fmt.Errorf("%s is a string and not a number", describe(name))
	}
	return number(text), true, nil
}

// number converts a JSON number. A number out of range becomes ±Inf.
func number(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64)
	return value
}

// Strings returns a member that must be a string, as a list of one, or an array
// of strings, which may be empty.
func (o Object) Strings(name string) (values []string, present bool, err error) {
	const want = "a string or an array of strings"
	raw, present, err := o.Raw(name)
	if err != nil || !present {
		return nil, false, err
	}
	switch kind(raw) {
	case aString:
		return []string{unquote(raw)}, true, nil
	case anArray:
	default:
		return nil, false, wrongType(name, raw, want)
	}
	values = []string{}
	p := parser{data: raw, text: string(raw)}
	err = p.array(func(element []byte) error {
		if k := kind(element); k != aString {
			return fmt.Errorf("%s is an array with %s in it, want %s", describe(name), k, want)
		}
		values = append(values, unquote(element))
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return values, true, nil
}

// Object returns a member that must be an object. A defect inside the object is a
// defect of the inner member that has it, not of the object.
func (o Object) Object(name string) (value Object, present bool, err error) {
	raw, present := o.members[name]
	switch k := kind(raw); {
	case !present, k == aNull:
		return Object{}, false, nil
	case k != anObject, o.depth == maxDepth: // then it is broken, or of another type
		if _, _, err = o.Raw(name); err == nil {
			err = wrongType(name, raw, anObject)
		}
		return Object{}, false, err
	}
	value, err = parseWithin(o.depth, raw)
	if err != nil {
		return Object{}, false, fmt.Errorf("%s: %w", describe(name), err)
	}
	return value, true, nil
}

// The results of kind, as they stand in error texts.
const (
	aString  = "a string"
	aNumber  = "a number"
	aBool    = "a boolean"
	aNull    = "null"
	anArray  = "an array"
	anObject = "an object"
	notJSON  = "not JSON"
)

// kind returns the type of a value. In valid JSON its first byte tells the type.
func kind(raw []byte) string {
	if len(raw) == 0 {
		return notJSON
	}
	switch c := raw[0]; {
	case c == '"':
		return aString
	case c == '-', '0' <= c && c <= '9':
		return aNumber
	case c == 't', c == 'f':
		return aBool
	case c == 'n':
		return aNull
	case c == '[':
		return anArray
	case c == '{':
		return anObject
	}
	return notJSON
}

// unquote decodes a string literal that the parser has checked.
func unquote(literal []byte) string {
	body := literal[1 : len(literal)-1]
	if bytes.IndexByte(body, '\\') < 0 {
		return string(body)
	}
	return string(unescape(body))
}

func wrongType(name string, raw []byte, want string) error {
	return fmt.Errorf("%s is %s, want %s", describe(name), kind(raw), want)
}

// describe quotes a name only if it surely is one. A long name, or one of medium
// length with other characters than letters, may be anything, even a token.
func describe(name string) string {
	const maxQuoted, short = 24, 8
	if len(name) > maxQuoted {
		return "a member with a long name"
	}
	usual := true
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' {
			return "a member with an unprintable name"
		}
		usual = usual && ('a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '_')
	}
	if !usual && len(name) > short {
		return "a member with an unusual name"
	}
	return "member " + strconv.Quote(name)
}
