// Package strictjson decodes JSON objects whose members decide about access.
//
// encoding/json is made to get along with its input: it folds the case of
// names, lets the last of two equal names win, and mends broken text. Here
// whatever two readers could read differently is an error (RFC 8259 §4 and §8,
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
// Its errors may be logged: of the document they quote at most a member name,
// and that only if it is short printable ASCII that looks like one.
//
// It is not a general decoder: there are no struct tags, and no limit on the
// size of the document, which is for the reader of the body to set.
package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Object is a JSON object: its members by exact name, unescaped, each with its
// value as sent. It comes from [Parse], which vouches for the values; one
// filled by hand must hold valid JSON without white space around it. A nil
// Object has no members.
//
// Every method takes a member name and reports whether the member is present.
// A value of the wrong type, null included, is an error and not present; only
// OptionalString and Object take null for absent.
type Object map[string]json.RawMessage

// String returns a member that must be a string.
func (o Object) String(name string) (value string, present bool, err error) {
	raw, ok := o[name]
	if !ok {
		return "", false, nil
	}
	if kind(raw) != aString {
		return "", false, wrongType(name, raw, aString)
	}
	value, err = unquote(raw)
	return value, err == nil, err
}

// OptionalString is String for servers that send null for "none": null is not
// present and no error.
func (o Object) OptionalString(name string) (value string, present bool, err error) {
	if kind(o[name]) == aNull {
		return "", false, nil
	}
	return o.String(name)
}

// Bool returns a member that must be true or false.
func (o Object) Bool(name string) (value, present bool, err error) {
	raw, ok := o[name]
	if !ok {
		return false, false, nil
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
	raw, ok := o[name]
	if !ok {
		return 0, false, nil
	}
	if kind(raw) != aNumber {
		return 0, false, wrongType(name, raw, aNumber)
	}
	// The only error left for a JSON number is its range, and the value says so.
	value, _ = strconv.ParseFloat(string(raw), 64)
	return value, true, nil
}

// NumberOrString is Number for servers that put quotes around numbers: a string
// that holds a JSON number, and nothing else, is that number.
func (o Object) NumberOrString(name string) (value float64, present bool, err error) {
	if kind(o[name]) != aString {
		return o.Number(name)
	}
	text, err := unquote(o[name])
	if err != nil {
		return 0, false, err
	}
	if kind([]byte(text)) != aNumber || !json.Valid([]byte(text)) || strings.ContainsAny(text, " \t\r\n") {
		return 0, false, fmt.Errorf("%s is a string and not a number", describe(name))
	}
	return Object{name: json.RawMessage(text)}.Number(name)
}

// Strings returns a member that must be a string, as a list of one, or an array
// of strings, which may be empty.
func (o Object) Strings(name string) (values []string, present bool, err error) {
	const want = "a string or an array of strings"
	raw, ok := o[name]
	if !ok {
		return nil, false, nil
	}
	switch kind(raw) {
	case aString:
		value, err := unquote(raw)
		return []string{value}, err == nil, err
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
		value, err := unquote(element)
		values = append(values, value)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return values, true, nil
}

// Object returns a member that must be an object. Null is not present and no error.
func (o Object) Object(name string) (value Object, present bool, err error) {
	raw, ok := o[name]
	if !ok || kind(raw) == aNull {
		return nil, false, nil
	}
	if kind(raw) != anObject {
		return nil, false, wrongType(name, raw, anObject)
	}
	value, err = Parse(raw)
	return value, err == nil, err
}

// What kind returns, worded for error texts.
const (
	aString  = "a string"
	aNumber  = "a number"
	aBool    = "a boolean"
	aNull    = "null"
	anArray  = "an array"
	anObject = "an object"
	notJSON  = "not JSON"
)

// kind names the type of a value by its first byte, all that valid JSON needs.
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

// unquote decodes a string literal that the parser has passed.
func unquote(literal []byte) (string, error) {
	body := literal[1 : len(literal)-1]
	if bytes.IndexByte(body, '\\') < 0 {
		return string(body), nil
	}
	body, err := unescape(body)
	return string(body), err
}

func wrongType(name string, raw []byte, want string) error {
	return fmt.Errorf("%s is %s, want %s", describe(name), kind(raw), want)
}

// describe quotes a name only where it is sure to be one: a long one, or one
// with more than letters in it that is not short, may be anything, a token under
// the wrong brace included.
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
