package coretest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
)

const (
	scopeIntrospect = "authorization.introspect"
	scopeRegistered = "RegisteredClient"
	anonymous       = "anonymous"
)

// newKeyHeader returns the first part of the tokens of a new key: a JWS header that contains the
// public key, as in MobileFirst 8.0. There is no private key. The signatures of tokens are random
// bytes, because only this server checks its tokens.
func newKeyHeader() string {
	modulus := make([]byte, 256)
	_, _ = rand.Read(modulus)
	modulus[0] |= 0x80
	modulus[255] |= 1
	return encode(struct {
		Algorithm string            `json:"alg"`
		Key       map[string]string `json:"jwk"`
	}{"RS256", map[string]string{
		"e": "AQAB", "kid": "coretest", "kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(modulus),
	}})
}

// newToken makes a token of about 1100 characters that is unlike any other.
func newToken(header string, g *grant) string {
	signature := make([]byte, 256)
	_, _ = rand.Read(signature)
	payload := encode(struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"` // milliseconds since the Unix epoch, unlike RFC 7519
		Scope    string `json:"scope"`
		ID       string `json:"jti"` // not in a real token
	}{"com.ibm.mfp", g.ClientID, "com.ibm.mfp", g.expires.UnixMilli(), g.Scope, rand.Text()})
	return header + "." + payload + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
