package strictjson

import (
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
		return nil, errors.New("the document is not valid UTF-8")
	}
	p := parser{data: data, text: string(data)}
	p.space()
	if k := kind(data[p.pos:]); k != anObject {
		if p.pos == len(data) {
			k = "empty"
		}
		return nil, fmt.Errorf("the document is %s, want an object", k)
	}
	names := nameSet{all: make(Object, min(len(data)/48, 16))}
	if err := p.object(&names); err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(data) {
		return nil, fmt.Errorf("data after the object at byte %d", p.pos)
	}
	return names.all, nil
}

// parser is a recursive descent over the grammar of RFC 8259 that builds
// nothing: it finds where values end. Its data is valid UTF-8.
type parser struct {
	data  []byte
	text  string // the same, for names: one copy instead of one a name
	pos   int
	depth int
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
		return p.object(new(nameSet))
	}
	return p.unexpected()
}

// object reads one object and adds its members to names.
func (p *parser) object(names *nameSet) error {
	return p.list('}', func() error {
		from := p.pos
		literal, err := p.str()
		if err != nil {
			return err
		}
		name := p.text[from+1 : p.pos-1]
		if strings.IndexByte(name, '\\') >= 0 {
			plain, err := unescape(literal[1 : len(literal)-1])
			if err != nil {
				return err
			}
			name = string(plain)
		}
		p.space()
		if !p.skip(':') {
			return p.unexpected()
		}
		p.space()
		start := p.pos
		if err := p.value(); err != nil {
			return err
		}
		if !names.add(name, p.data[start:p.pos]) {
			return fmt.Errorf("%s appears twice in one object", describe(name))
		}
		return nil
	})
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
	if p.depth++; p.depth > maxDepth {
		return fmt.Errorf("nested more than %d levels deep at byte %d", maxDepth, p.pos)
	}
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
