package jose

import (
	"errors"
	"slices"
	"testing"
)

// FuzzKeys: a document of keys never panics, and what is kept of it can be used.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","kid":"a"}]}`), false)
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`), true)
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AM0D","e":"AQAB","alg":"RS256"},1,null]}`), false)
	f.Fuzz(func(t *testing.T, document []byte, single bool) {
		keys, err := parseKeys(document, single)
		if (err == nil) != (len(keys) > 0) || err != nil && !errors.Is(err, errUnusable) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		if len(keys) > maxKeys || single && len(keys) > 1 {
			t.Errorf("%d keys", len(keys))
		}
		for _, k := range keys {
			possible, err := AlgorithmsOf(k.public)
			if err != nil || len(k.algorithms) == 0 {
				t.Errorf("a key that cannot be used: %v, %v", k, err)
			}
			for _, alg := range k.algorithms {
				if !slices.Contains(possible, alg) {
					t.Errorf("a key for %s that is for %v", alg, possible)
				}
			}
			if _, err := Thumbprint(k.public); err != nil {
				t.Errorf("a broken key: %v", err)
			}
		}
	})
}
