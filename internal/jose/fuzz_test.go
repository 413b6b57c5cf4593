package jose_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// JI-06: of all texts, only the three tokens that the keys have signed are verified.
func FuzzVerify(f *testing.F) {
	for _, token := range rfcTokens {
		f.Add(token)
		parts := strings.Split(token, ".")
		f.Add(parts[0] + "." + parts[1] + ".")
		f.Add(b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".")
		f.Add(b64([]byte(`{"alg":"RS256","crit":["b64"],"b64":false}`)) + "." + parts[1] + "." + parts[2])
		f.Add(b64([]byte(`{"alg":"RS256","jwk":`+rfcRSA+`,"kid":"a"}`)) + "." + parts[1] + "." + parts[2])
	}
	k := keeper(rfcKeys)
	f.Fuzz(func(t *testing.T, token string) {
		v, err := k.Verify(context.Background(), token, jose.Algorithms)
		if (err == nil) != slices.Contains(rfcTokens, token) || (v != nil) != (err == nil) {
			t.Fatalf("%q: %v, %v", token, v, err)
		}
		known := []error{jose.ErrMalformed, jose.ErrAlgorithm, jose.ErrUnknownKey, jose.ErrSignature}
		if err != nil && !slices.ContainsFunc(known, func(s error) bool { return errors.Is(err, s) }) {
			t.Errorf("%q: %v is of no kind", token, err)
		}
	})
}
