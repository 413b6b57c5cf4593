package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth is how many objects and arrays may be open at once, the outermost
// one included. It bounds the parser's recursion too.
const maxDepth = 32

// Parse decodes data, which must be exactly one JSON object with nothing but
// white space around it. It is an error if data is not valid UTF-8, if a string
// holds half of a surrogate pair, if two members of one object, at any depth,
// have the same name after unescaping, or if objects and arrays nest more than
// 32 deep. The Object refers to data, which must not change while it is in use.
func Parse(data []byte) (Object, error) {
	if !utf8.Valid(data) {
		return Object{}, errNotUTF8
	}
	return parse(&parser{data: data, text: string(data), strict: true})
}

// ParseLenient is Parse for a document of which a part may be broken. The four
// defects that Parse names do not make the document an error, but the member of
// the outermost object that has them in its value: every method of the Object
// returns an error for it. Two members of the same name are both an error. The
// other members can be trusted as after Parse.
//
// The bounds of each member must be certain. So it is still an error if anything,
// at any depth, breaks the grammar of RFC 8259, or if the name of a member of the
// outermost object has a defect. A document that is not UTF-8 is an error if it
// has a backslash after a byte that is not ASCII: in some encodings these two
// bytes are one letter, and the backslash escapes nothing.
func ParseLenient(data []byte) (Object, error) {
	return parseWithin(0, data)
}

// parseWithin is ParseLenient for an object inside of depth others.
func parseWithin(depth int, data []byte) (Object, error) {
	return parse(&parser{data: data, text: string(data), depth: depth, foreign: !utf8.Valid(data)})
}

func parse(p *parser) (Object, error) {
	p.space()
	if k := kind(p.data[p.pos:]); k != anObject {
		if p.pos == len(p.data) {
			k = "empty"
		}
		return Object{}, fmt.Errorf("the document is %s, want an object", k)
	}
	o := Object{members: make(map[string]json.RawMessage, min(len(p.data)/48, 16)), depth: p.depth + 1}
	if err := p.outermost(&o); err != nil {
		return Object{}, err
	}
	p.space()
	if p.pos < len(p.data) {
		return Object{}, fmt.Errorf("data after the object at byte %d", p.pos)
	}
	return o, nil
}

// parser is a recursive descent over the grammar of RFC 8259 that builds
// nothing: it finds where values end.
type parser struct {
	data    []byte
	text    string // the same, for names: one copy instead of one a name
	pos     int
	depth   int
	strict  bool   // defects are errors
	foreign bool   // data is not valid UTF-8
	defect  string // otherwise: the first defect since it was reset
}

// Defects inside a value. The texts follow the name of the member.
const (
	halfAPair = "has half of a surrogate pair in it"
	notUTF8   = "is not valid UTF-8"
	nameTwice = "has two members of the same name in it"
	tooDeep   = "is nested too deep"
	twice     = "appears twice in one object" // of the member itself
)

var errNotUTF8 = errors.New("the document " + notUTF8)

// note records a defect. Only the first is kept: one makes the value unusable.
func (p *parser) note(defect string) {
	if p.defect == "" {
		p.defect = defect
	}
}

func (p *parser) value() error {
	switch kind(p.data[p.pos:]) {
	case aString:
		_, err := p.str()
		return err
	case aNumber:
		return p.number()
	case aBool, aNull:
		return p.literal()
	case anArray:
		return p.array(func([]byte) error { return nil })
	case anObject:
		return p.object()
	}
	return p.unexpected()
}

// outermost reads the object whose members are wanted.
func (p *parser) outermost(o *Object) error {
	return p.list('}', func() error {
		p.defect = ""
		name, err := p.name()
		if err != nil {
			return err
		}
		if p.defect != "" {
			return fmt.Errorf("the name of a member %s before byte %d", p.defect, p.pos)
		}
		start := p.pos
		if err := p.value(); err != nil {
			return err
		}
		raw := p.data[start:p.pos]
		if _, dup := o.members[name]; dup {
			if p.strict {
				return fmt.Errorf("%s %s", describe(name), twice)
			}
			raw, p.defect = nil, twice
		}
		o.members[name] = raw
		if p.defect != "" {
			o.blame(name, p.defect)
		}
		return nil
	})
}

// object reads an object to find its end.
func (p *parser) object() error {
	var names nameSet
	return p.list('}', func() error {
		name, err := p.name()
		if err != nil {
			return err
		}
		if err := p.value(); err != nil {
			return err
		}
		if !names.add(name) {
			if p.strict {
				return fmt.Errorf("%s %s", describe(name), twice)
			}
			p.note(nameTwice)
		}
		return nil
	})
}

// name reads a member's name and the colon behind it.
func (p *parser) name() (string, error) {
	from := p.pos
	literal, err := p.str()
	if err != nil {
		return "", err
	}
	name := p.text[from+1 : p.pos-1]
	if strings.IndexByte(name, '\\') >= 0 {
		name = string(unescape(literal[1 : len(literal)-1]))
	}
	p.space()
	if !p.skip(':') {
		return "", p.unexpected()
	}
	p.space()
	return name, nil
}

// array reads one array and calls each with every element.
func (p *parser) array(each func(element []byte) error) error {
	return p.list(']', func() error {
		start := p.pos
		if err := p.value(); err != nil {
			return err
		}
		return each(p.data[start:p.pos])
	})
}

// list reads a bracket, items with commas between them, and the closing bracket.
func (p *parser) list(closing byte, item func() error) error {
	if p.depth == maxDepth {
		if p.strict {
			return fmt.Errorf("nested more than %d levels deep at byte %d", maxDepth, p.pos)
		}
		p.note(tooDeep)
		return p.deep()
	}
	p.depth++
	defer func() { p.depth-- }()
	p.pos++
	p.space()
	if p.skip(closing) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		p.space()
		if p.skip(closing) {
			return nil
		}
		if !p.skip(',') {
			return p.unexpected()
		}
		p.space()
	}
}

func (p *parser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// skip reads c if it is next.
func (p *parser) skip(c byte) bool {
	if p.pos == len(p.data) || p.data[p.pos] != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) unexpected() error {
	if p.pos == len(p.data) {
		return errors.New("the document ends too early")
	}
	return fmt.Errorf("not JSON at byte %d", p.pos)
}
