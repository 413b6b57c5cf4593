package strictjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string and returns it as sent, quotes included.
func (p *parser) str() ([]byte, error) {
	start := p.pos
	if !p.skip('"') {
		return nil, p.unexpected()
	}
	for p.pos < len(p.data) {
		switch c := p.data[p.pos]; {
		case c == '"':
			p.pos++
			literal := p.data[start:p.pos]
			if p.foreign && !utf8.Valid(literal) {
				p.note(notUTF8)
			}
			return literal, nil
		case c == '\\':
			if p.foreign && p.data[p.pos-1] >= utf8.RuneSelf {
				return nil, errNotUTF8
			}
			_, whole, err := p.escape()
			switch {
			case err != nil:
				return nil, err
			case !whole && p.strict:
				return nil, fmt.Errorf("half of a surrogate pair before byte %d", p.pos)
			case !whole:
				p.note(halfAPair)
			}
		case c < ' ':
			return nil, p.unexpected()
		default:
			p.pos++
		}
	}
	return nil, p.unexpected()
}

// escape reads one escape sequence, or the two of a surrogate pair, and returns
// what they stand for. Half of a pair is reported as not whole, and stands for
// U+FFFD.
func (p *parser) escape() (r rune, whole bool, err error) {
	p.pos++
	if p.pos == len(p.data) {
		return 0, false, p.unexpected()
	}
	c := p.data[p.pos]
	if c != 'u' {
		i := strings.IndexByte(`"\/bfnrt`, c)
		if i < 0 {
			return 0, false, p.unexpected()
		}
		p.pos++
		return rune("\"\\/\b\f\n\r\t"[i]), true, nil
	}
	first, ok := p.hex4()
	if !ok {
		return 0, false, p.unexpected()
	}
	if !utf16.IsSurrogate(first) {
		return first, true, nil
	}
	at := p.pos
	if p.skip('\\') {
		if second, ok := p.hex4(); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, true, nil
			}
		}
	}
	p.pos = at // the next sequence is read by itself
	return utf8.RuneError, false, nil
}

// unescape decodes the text between the quotes of a string that str has checked.
func unescape(body []byte) []byte {
	p := parser{data: body}
	out := make([]byte, 0, len(body))
	for p.pos < len(body) {
		if c := body[p.pos]; c != '\\' {
			out = append(out, c)
			p.pos++
			continue
		}
		r, _, err := p.escape()
		if err != nil {
			break
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// hex4 reads 'u' and four hexadecimal digits.
func (p *parser) hex4() (r rune, ok bool) {
	if !p.skip('u') || len(p.data)-p.pos < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.data[p.pos:p.pos+4]), 16, 16)
	if err != nil {
		return 0, false
	}
	p.pos += 4
	return rune(n), true
}

func (p *parser) number() error {
	p.skip('-')
	if !p.skip('0') && !p.digits() {
		return p.unexpected()
	}
	if p.skip('.') && !p.digits() {
		return p.unexpected()
	}
	if p.skip('e') || p.skip('E') {
		if !p.skip('+') {
			p.skip('-')
		}
		if !p.digits() {
			return p.unexpected()
		}
	}
	return nil
}

// digits reads at least one digit.
func (p *parser) digits() bool {
	start := p.pos
	for p.pos < len(p.data) && '0' <= p.data[p.pos] && p.data[p.pos] <= '9' {
		p.pos++
	}
	return p.pos > start
}

func (p *parser) literal() error {
	for _, word := range []string{"true", "false", "null"} {
		if rest := p.data[p.pos:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			p.pos += len(word)
			return nil
		}
	}
	return p.unexpected()
}
