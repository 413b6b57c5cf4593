package jose_test

import (
	"crypto"
	"crypto/elliptic"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// The keys of a set that can be used are used, whatever the others are.
func TestKeysOfASet(t *testing.T) {
	r, e := rsaKey(), ecKey()
	named := member{"kid": "k"}
	with := func(key crypto.Signer, name string, value any) member {
		return jwk(key, member{"kid": "k", name: value})
	}
	p384 := newEC(elliptic.P384())
	off := jwk(e, named)
	off["y"] = off["x"]
	tests := []struct {
		name     string
		document string
		token    string
		want     error
		hint     string // in the text of the error
	}{
		{"a key", set(jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"a key among others", set(jwk(e, member{"kid": "e"}), jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"other members beside keys", `{"issuer":{"a":1,"a":2},"keys":[` + text(jwk(r, named)) + `]}`, sign(t, r, jose.RS256, "k"), nil, ""},
		{"a key that is no object", set(1, "x", nil, []any{}, jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"a key with a name twice", `{"keys":[{"kty":"RSA","kty":"EC"},` + text(jwk(r, named)) + `]}`, sign(t, r, jose.RS256, "k"), nil, ""},
		{"a key without a type", set(member{"kid": "k"}, jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"a key of an unknown type", set(member{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}, jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"a damaged key of the same kid", set(with(r, "n", "*"), jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"two keys of one kid", set(jwk(otherRSA(), named), jwk(e, named), jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"a shared secret beside it", set(member{"kty": "oct", "kid": "k", "k": "AAAA"}, jwk(r, named)), sign(t, r, jose.RS256, "k"), nil, ""},
		{"a certificate that is none", set(with(r, "x5c", []string{"canary"})), sign(t, r, jose.RS256, "k"), nil, ""},
		{"use is sig", set(with(r, "use", "sig")), sign(t, r, jose.RS256, "k"), nil, ""},
		{"alg fits", set(with(r, "alg", "PS256")), sign(t, r, jose.PS256, "k"), nil, ""},
		{"a token without kid, a key with one", set(jwk(r, named)), sign(t, r, jose.RS256, ""), nil, ""},
		{"members that are null", set(with(r, "use", nil)), sign(t, r, jose.RS256, "k"), nil, ""},

		{"alg of another token", set(with(r, "alg", "PS256")), sign(t, r, jose.RS256, "k"), jose.ErrAlgorithm, ""},
		{"a token with kid, a key without one", set(jwk(r, nil)), sign(t, r, jose.RS256, "k"), jose.ErrUnknownKey, ""},
		{"the kid in other letters", set(jwk(r, named)), sign(t, r, jose.RS256, "K"), jose.ErrUnknownKey, ""},
		{"a good key, the token's is for encryption", set(with(r, "use", "enc"), jwk(e, nil)), sign(t, r, jose.RS256, "k"), jose.ErrUnknownKey, ""},

		{"use is enc", set(with(r, "use", "enc")), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "key 1 is not for signatures"},
		{"use is no text", set(with(r, "use", 1)), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "key 1 is not for signatures"},
		{"key_ops without verify", set(with(r, "key_ops", []string{"encrypt"})), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "key_ops"},
		{"alg is for encryption", set(with(r, "alg", "RSA-OAEP")), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "algorithm"},
		{"alg is HS256", set(with(r, "alg", "HS256")), hs256(r.N.Bytes()), jose.ErrAlgorithm, ""},
		{"kid is a number", set(with(r, "kid", 1)), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "kid"},
		{"a weak key", set(with(r, "n", b64(r.N.Bytes()[:128]))), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "key 1 is an RSA key of 1024 bits, want 2048"},
		{"a huge key", set(with(r, "n", b64(make([]byte, 0))+strings.Repeat("_", 1400))), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "damaged"},
		{"an exponent of 1", set(with(r, "e", "AQ")), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "damaged"},
		{"an even exponent", set(with(r, "e", "BA")), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "exponent"},
		{"an exponent of 33 bits", set(with(r, "e", "AQAAAAE")), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "key 1"},
		{"another curve", set(jwk(p384, named)), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "want P-256"},
		{"no point of the curve", set(off), sign(t, e, jose.ES256, "k"), jose.ErrNoKeys, "damaged"},
		{"a shared secret", set(member{"kty": "oct", "k": strings.Repeat("A", 43)}), hs256(make([]byte, 32)), jose.ErrAlgorithm, ""},
		{"only a shared secret", set(member{"kty": "oct", "k": "AAAA"}), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "shared secret"},
		{"a private key", set(with(r, "d", "AAAA")), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "private key"},
		{"no keys", set(), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "the set is empty"},
		{"keys is null", `{"keys":null}`, sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, `no member "keys"`},
		{"KEYS", `{"KEYS":[` + text(jwk(r, named)) + `]}`, sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, `no member "keys"`},
		{"keys is an object", `{"keys":` + text(jwk(r, named)) + `}`, sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "want an array"},
		{"keys twice", `{"keys":[],"keys":[` + text(jwk(r, named)) + `]}`, sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "twice"}, // MD-18
		{"one key and no set", text(jwk(r, named)), sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, `no member "keys"`},
		{"a page", "<html>", sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "the document is not JSON"},
		{"cut short", set(jwk(r, named))[:99], sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "ends too early"},
		{"more behind it", set(jwk(r, named)) + "{}", sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "data after the object"},
		{"nothing", "", sign(t, r, jose.RS256, "k"), jose.ErrNoKeys, "empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := keeper(tt.document).Verify(t.Context(), tt.token, jose.Algorithms)
			if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.hint) {
				t.Errorf("Verify: %v, want %v and %q", err, tt.want, tt.hint)
			}
			if err != nil && strings.Contains(err.Error(), "AAAA") {
				t.Errorf("the text repeats the key: %v", err)
			}
		})
	}
}

// B11: MobileFirst 7.x publishes one key without a kid, whatever the kid of its tokens.
func TestASingleKey(t *testing.T) {
	single := func(document string) *jose.Keeper {
		return jose.NewKeeper(jose.Options{URL: keysURL, Transport: served(document), Log: slog.New(slog.DiscardHandler), Single: true})
	}
	zero := jwk(rsaKey(), nil)
	zero["n"] = b64(append([]byte{0}, rsaKey().N.Bytes()...)) // as MobileFirst writes it
	tests := []struct {
		name, document, token string
		want                  error
	}{
		{"without a kid", text(jwk(rsaKey(), nil)), sign(t, rsaKey(), jose.RS256, ""), nil},
		{"a token with a kid", text(jwk(rsaKey(), nil)), sign(t, rsaKey(), jose.RS256, "test"), nil},
		{"another kid", text(jwk(rsaKey(), member{"kid": "a"})), sign(t, rsaKey(), jose.RS256, "b"), nil},
		{"a zero in front", text(zero), sign(t, rsaKey(), jose.RS256, ""), nil},
		{"another key", text(jwk(otherRSA(), nil)), sign(t, rsaKey(), jose.RS256, ""), jose.ErrSignature},
		{"another type", text(jwk(ecKey(), nil)), sign(t, rsaKey(), jose.RS256, "k"), jose.ErrUnknownKey},
		{"a set", set(jwk(rsaKey(), nil)), sign(t, rsaKey(), jose.RS256, ""), jose.ErrNoKeys},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := single(tt.document).Verify(t.Context(), tt.token, jose.Algorithms); !errors.Is(err, tt.want) {
				t.Errorf("Verify: %v, want %v", err, tt.want)
			}
		})
	}
}

// The work for one token and one document is bounded: 64 keys are kept, and 8 tried.
func TestBoundsOfASet(t *testing.T) {
	many := func(n, at int) string { // the key of the token is number at
		keys := make([]any, n)
		for i := range keys {
			keys[i] = jwk(newEd(), member{"kid": fmt.Sprint(i + 1)})
		}
		keys[at-1] = jwk(edKey(), member{"kid": fmt.Sprint(at)})
		return set(keys...)
	}
	tests := []struct {
		name     string
		document string
		kid      string
		want     error
	}{
		{"key 64", many(80, 64), "64", nil},
		{"key 65", many(80, 65), "65", jose.ErrUnknownKey},
		{"key 8 without a kid", many(80, 8), "", nil},
		{"key 9 without a kid", many(80, 9), "", jose.ErrSignature},
		{"keys of another type are not tried", strings.Replace(many(8, 8), "[", "["+strings.Repeat(text(jwk(ecKey(), nil))+",", 20), 1), "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := keeper(tt.document).Verify(t.Context(), sign(t, edKey(), jose.EdDSA, tt.kid), jose.Algorithms); !errors.Is(err, tt.want) {
				t.Errorf("Verify: %v, want %v", err, tt.want)
			}
		})
	}
}
