package core

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// unverifiedIssuer returns the "iss" of credentials that look like a JWT, or nil. No one has
// verified it, so it may choose which server is asked, and must decide nothing else. Of two parts
// (MobileFirst 7.x) the first one counts. The text stands in buf, which grows for more than it can
// hold; what is longer than most is nil.
//
// It reads no further than the first "iss" of the object, so that a long token costs little. What
// is not base64url or cannot be an object ends it; what stands behind is not looked at. The same
// credentials have the same issuer always.
func unverifiedIssuer(credentials string, buf []byte, most int) []byte {
	payload, ok := payloadOf(credentials)
	if !ok {
		return nil
	}
	c := claims{rest: payload}
	if c.mark() != '{' {
		return nil
	}
	for b := c.mark(); b == '"'; b = c.mark() {
		const name = "iss"
		isIssuer := string(c.text(buf[:0], len(name))) == name
		if c.mark() != ':' {
			return nil
		}
		b = c.mark()
		switch {
		case isIssuer && b == '"':
			return c.text(buf[:0], most)
		case isIssuer, c.skip(b) != ',':
			return nil
		}
	}
	return nil
}

// payloadOf returns the second of the three parts of a JWT. Credentials with a comma are no token.
func payloadOf(credentials string) (string, bool) {
	if strings.Contains(credentials, ",") {
		return "", false
	}
	first, _, _ := strings.Cut(credentials, " ")
	_, rest, _ := strings.Cut(first, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	return payload, ok && !strings.Contains(signature, ".")
}

// claims reads the JSON object in the payload of a JWT. It decodes one piece after the other, into
// memory of its own.
type claims struct {
	rest    string // base64url, to be decoded
	at, end int    // of what is decoded and not read yet
	piece   [192]byte
}

// fill decodes the next piece. It reports false at the end, and at what is not base64url.
func (c *claims) fill() bool {
	n := min(len(c.rest), base64.RawURLEncoding.EncodedLen(len(c.piece)))
	end, err := base64.RawURLEncoding.Decode(c.piece[:], []byte(c.rest[:n]))
	c.at, c.end, c.rest = 0, end, c.rest[n:]
	if err != nil {
		c.rest = ""
	}
	return c.end > 0
}

// next returns the next byte, or 0 at the end: JSON has no 0.
func (c *claims) next() byte {
	if c.at == c.end && !c.fill() {
		return 0
	}
	b := c.piece[c.at]
	c.at++
	return b
}

// mark returns the next byte that is no white space.
func (c *claims) mark() byte {
	for {
		switch b := c.next(); b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
}

// skip reads the value that begins with b, and returns the mark behind it. It does not look at what
// the value is, only where it ends.
func (c *claims) skip(b byte) byte {
	for depth := 0; ; b = c.mark() {
		switch b {
		case '"':
			c.text(nil, -1)
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return b
			}
			depth--
		case ',':
			if depth == 0 {
				return b
			}
		case 0:
			return 0
		}
	}
}

// text reads the rest of a string, behind its first quote, and appends what it means to into. It
// returns nil if that is longer than most, if the string has no end, and if a character is written
// as two escapes.
func (c *claims) text(into []byte, most int) []byte {
	ok := most >= 0
	for c.at < c.end || c.fill() {
		run := c.piece[c.at:c.end]
		if i := bytes.IndexByte(run, '"'); i >= 0 {
			run = run[:i]
		}
		if i := bytes.IndexByte(run, '\\'); i >= 0 {
			run = run[:i]
		}
		c.at += len(run)
		if ok = ok && len(into)+len(run) <= most; ok {
			into = append(into, run...)
		}
		if c.at == c.end {
			continue
		}
		if c.next() == '"' {
			if !ok {
				return nil
			}
			return into
		}
		if r := c.escaped(); r < 0 || !ok {
			ok = false
		} else {
			into = utf8.AppendRune(into, r)
		}
	}
	return nil
}

// escaped returns the character of an escape behind its backslash, or -1 for half of one, and for
// what is no escape.
func (c *claims) escaped() rune {
	switch b := c.next(); b {
	case '"', '\\', '/':
		return rune(b)
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		return c.hex()
	}
	return -1
}

// hex returns the character with the code of the next four digits, or -1.
func (c *claims) hex() rune {
	r := rune(0)
	for range 4 {
		d := strings.IndexByte("0123456789abcdef", c.next()|0x20)
		if d < 0 {
			return -1
		}
		r = r<<4 | rune(d)
	}
	if !utf8.ValidRune(r) {
		return -1
	}
	return r
}
