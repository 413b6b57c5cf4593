package endpoint

import "strings"

// minLong is the length from which a secret counts wherever it stands. Shorter ones are parts of
// names and words, too.
const minLong = 8

// phrases are the words of the usual network errors. A secret inside one of them was not repeated.
var phrases = []string{
	"dial tcp", "read tcp", "write tcp", "proxyconnect tcp", "lookup ", "no such host", "server misbehaving", "i/o timeout",
	"connection refused", "connection reset by peer", "broken pipe", "network is unreachable", "no route to host",
	"use of closed network connection", "unexpected EOF", "failed to verify certificate", "certificate signed by unknown authority",
}

// repeats reports whether the text of an error repeats a secret that was sent to host: as a part
// of the text if it is long, else as a word. What stands within the host's name or one of the
// phrases does not count: everybody may read those.
func repeats(text, secret, host string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], secret)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(secret)
		if (len(secret) >= minLong || isWord(text, start, end)) && !within(text, start, end, host) {
			return true
		}
		from = start + 1
	}
}

// within reports whether text[start:end] stands in the name of the host or in one of the phrases.
func within(text string, start, end int, host string) bool {
	covers := func(phrase string) bool {
		for at := max(0, end-len(phrase)); at <= start && at+len(phrase) <= len(text); at++ {
			if text[at:at+len(phrase)] == phrase {
				return true
			}
		}
		return false
	}
	for _, phrase := range phrases {
		if covers(phrase) {
			return true
		}
	}
	return covers(host)
}

// isWord reports whether text[start:end] is not merely a part of a longer word or name.
func isWord(text string, start, end int) bool {
	escaped := start >= 3 && text[start-3] == '%' // a form's escape ends where the secret begins
	return (escaped || !joins(text, start-1, -1)) && !joins(text, end, 1)
}

// joins reports whether the byte at i makes a name longer. A period does if it stands between
// others.
func joins(text string, i, step int) bool {
	if i < 0 || i >= len(text) {
		return false
	}
	switch c := text[i]; {
	case c == '.':
		return i+step >= 0 && i+step < len(text) && text[i+step] != '.' && joins(text, i+step, step)
	case '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'z':
		return true
	default:
		return c == '-' || c == '_'
	}
}
