package jose_test

import (
	"errors"
	"testing"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// JI-06: a token with any other letter in it is another token, also where the letter's last bits
// encode nothing.
func TestVerifyFlippedBits(t *testing.T) {
	k := keeper(set(jwk(edKey(), nil)))
	good := sign(t, edKey(), jose.EdDSA, "")
	for i := range good {
		for _, c := range []byte{good[i] ^ 1, good[i] ^ 2, 'A', 'B', '_'} {
			bad := good[:i] + string(rune(c)) + good[i+1:]
			if _, err := k.Verify(t.Context(), bad, jose.Algorithms); bad != good && err == nil {
				t.Errorf("with %q at %d of %d it is verified", c, i, len(good))
			}
		}
	}
}

// The caller's list of algorithms is the limit, and nothing that is unsafe can be on it.
func TestVerifyAllowList(t *testing.T) {
	k := keeper(set(jwk(rsaKey(), nil)))
	tests := []struct {
		name       string
		algorithms []string
		token      string
		want       error
	}{
		{"on the list", []string{jose.ES256, jose.RS256}, sign(t, rsaKey(), jose.RS256, ""), nil},
		{"not on the list", []string{jose.PS256}, sign(t, rsaKey(), jose.RS256, ""), jose.ErrAlgorithm},
		{"no list", nil, sign(t, rsaKey(), jose.RS256, ""), jose.ErrAlgorithm},
		{"a list with none", []string{"none", ""}, b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(payload)) + ".", jose.ErrAlgorithm},
		{"a list with HS256", []string{"HS256"}, hs256(rsaKey().N.Bytes()), jose.ErrAlgorithm},
	}
	for _, tt := range tests {
		if _, err := k.Verify(t.Context(), tt.token, tt.algorithms); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
