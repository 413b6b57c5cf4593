package coretest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// assertionType is that of private_key_jwt (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionClaims are what RFC 7523 section 3 demands of an assertion.
type assertionClaims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"`
	Expires  float64         `json:"exp"` // seconds since the Unix epoch
	ID       string          `json:"jti"`
}

// assertionWay is private_key_jwt. The client that it names is not known before it is verified.
func assertionWay(r *http.Request) way {
	var header struct {
		Algorithm string `json:"alg"`
	}
	var claims assertionClaims
	text, signature, ok := parseJWT(r.PostForm.Get("client_assertion"), &header, &claims)
	return way{claims.Subject, func(s *Server, c Client) string {
		named := r.PostForm.Get("client_id")
		switch {
		case r.PostForm.Get("client_assertion_type") != assertionType:
			return "client_assertion_type is another"
		case !ok:
			return "the assertion is no JWT"
		case claims.Issuer != claims.Subject:
			return "iss and sub differ"
		case named != "" && named != claims.Subject:
			return "client_id is another than sub"
		case !verifies(c.PublicKey, header.Algorithm, text, signature):
			return "the signature is not by the registered key"
		}
		return s.checkClaims(claims)
	}}
}

// checkClaims checks what is for this server, and notes that the assertion was used.
func (s *Server) checkClaims(c assertionClaims) string {
	var audience string
	if json.Unmarshal(c.Audience, &audience) != nil || audience != s.Issuer(RFC7662) && audience != s.EndpointURL(RFC7662, Token) {
		return "aud is not the issuer or the token endpoint alone"
	}
	now := s.now()
	expires := time.Unix(int64(c.Expires), 0)
	switch {
	case !now.Before(expires):
		return "it has expired, or has no exp"
	case expires.Sub(now) > time.Hour:
		return "exp is more than an hour ahead"
	case c.ID == "":
		return "jti is missing"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	use := [2]string{c.Subject, c.ID}
	if s.assertions[use] {
		return "jti was used before"
	}
	s.assertions[use] = true
	return ""
}

// parseJWT splits a compact JWT, and decodes its first two parts.
func parseJWT(token string, header, claims any) (text string, signature []byte, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", nil, false
	}
	for i, v := range []any{header, claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, v) != nil {
			return "", nil, false
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	return parts[0] + "." + parts[1], signature, err == nil
}

// verifies reports whether the signature is by the key. Like [signingKey.sign] it is no code of the
// product.
func verifies(key crypto.PublicKey, algorithm, text string, signature []byte) bool {
	sum := sha256.Sum256([]byte(text))
	switch k := key.(type) {
	case *rsa.PublicKey:
		if algorithm == "PS256" {
			return rsa.VerifyPSS(k, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return algorithm == "RS256" && rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	case *ecdsa.PublicKey:
		if algorithm != "ES256" || len(signature) != 64 {
			return false
		}
		return ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case ed25519.PublicKey:
		return algorithm == "EdDSA" && ed25519.Verify(k, []byte(text), signature)
	}
	return false
}
