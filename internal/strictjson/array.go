package strictjson

import (
	"encoding/json"
	"unicode/utf8"
)

// Array returns the elements of a member that must be an array, as sent. A defect inside an element
// is a defect of that element, not of the array: [Parse] finds it.
func (o Object) Array(name string) (elements []json.RawMessage, present bool, err error) {
	raw, present := o.members[name]
	switch k := kind(raw); {
	case !present, k == aNull:
		return nil, false, nil
	case k != anArray, o.depth == maxDepth: // then it is broken, or of another type
		if _, _, err = o.Raw(name); err == nil {
			err = wrongType(name, raw, anArray)
		}
		return nil, false, err
	}
	p := parser{data: raw, text: string(raw), depth: o.depth, foreign: !utf8.Valid(raw)}
	elements = []json.RawMessage{}
	err = p.array(func(element []byte) error {
		elements = append(elements, element)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return elements, true, nil
}
