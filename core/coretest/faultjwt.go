package coretest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// EditJWT calls edit with the header and the claims of an answer that is a JWT, signs the result
// with the server's key, and sends that. Values are as in [Edit]. With the "alg" none there is no
// signature; with any other it is RS256. An answer that is no JWT passes unchanged.
func (s *Server) EditJWT(edit func(header, claims map[string]any)) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := overhear(next, r)
		parts := strings.Split(string(a.body), ".")
		var header, claims map[string]any
		if len(parts) != 3 || decodeJSON(parts[0], &header) != nil || decodeJSON(parts[1], &claims) != nil {
			a.sendWhole(w, a.body)
			return
		}
		edit(header, claims)
		signed := s.currentKey().sign(header, claims)
		if header["alg"] == "none" {
			signed = signed[:strings.LastIndexByte(signed, '.')+1]
		}
		a.sendWhole(w, []byte(signed))
	}
}

// BadSignature changes the signature of an answer that is a JWT. Any other answer passes unchanged.
func BadSignature() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := overhear(next, r)
		var header, claims any
		if _, signature, ok := parseJWT(string(a.body), &header, &claims); ok && len(signature) > 0 {
			first := &a.body[bytes.LastIndexByte(a.body, '.')+1]
			if *first == 'A' {
				*first = 'B'
			} else {
				*first = 'A'
			}
		}
		a.sendWhole(w, a.body)
	}
}

// decodeJSON decodes a part of a JWT.
func decodeJSON(part string, v any) error {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}
