package jose

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

const (
	maxKeys  = 64 // that are kept of one set
	maxTries = 8  // keys that one token is tried with
)

// keySet is what one key document says. It is immutable.
type keySet struct {
	keys   []publicKey
	single bool          // the document is one key, and no kid selects it
	asked  time.Duration // when it was asked for, since the Keeper's epoch
	life   time.Duration // after which it is asked for again
}

// publicKey is one key of a set.
type publicKey struct {
	id         string   // "kid", "" for none
	algorithms []string // that it may be used with
	public     crypto.PublicKey
}

// errUnusable is the error of a key document without a key that can be used.
var errUnusable = errors.New("no usable key")

// parseKeys reads a JWK Set (RFC 7517 section 5), or one JWK if single is set. Keys that are broken
// or not for signatures of the algorithms here are left out. It is an error if no key is left.
func parseKeys(document []byte, single bool) ([]publicKey, error) {
	elements := []json.RawMessage{document}
	if !single {
		o, err := strictjson.ParseLenient(document)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errUnusable, err)
		}
		var present bool
		if elements, present, err = o.Array("keys"); err != nil {
			return nil, fmt.Errorf("%w: %w", errUnusable, err)
		} else if !present {
			return nil, fmt.Errorf("%w: the document has no member \"keys\"", errUnusable)
		}
	}
	var keys []publicKey
	var left []string // why keys were left out
	for i, element := range elements {
		k, err := parseKey(element)
		if err != nil {
			if len(left) < 3 {
				left = append(left, fmt.Sprintf("key %d %v", i+1, err))
			}
			continue
		}
		if keys = append(keys, k); len(keys) == maxKeys {
			break
		}
	}
	if len(keys) == 0 && len(left) == 0 {
		return nil, fmt.Errorf("%w: the set is empty", errUnusable)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: %s", errUnusable, strings.Join(left, ", "))
	}
	return keys, nil
}

// verify returns the payload of a token that one of the keys has signed.
func (s *keySet) verify(t *token) ([]byte, error) {
	selects := t.KeyID != "" && !s.single
	known, tries := false, 0
	for _, k := range s.keys {
		if selects && k.id != t.KeyID {
			continue
		}
		known = true
		if !slices.Contains(k.algorithms, t.Algorithm) {
			continue
		}
		if tries == maxTries {
			break
		}
		tries++
		if payload, err := t.jws.Verify(k.public); err == nil {
			return payload, nil
		}
	}
	switch {
	case tries > 0:
		return nil, ErrSignature
	case selects && known:
		return nil, fmt.Errorf("%w for this key", ErrAlgorithm)
	}
	return nil, ErrUnknownKey
}

// mayBeOld reports whether a token that failed with err may have been signed with a key that the
// server has published since.
func (s *keySet) mayBeOld(t *token, err error) bool {
	return errors.Is(err, ErrUnknownKey) || errors.Is(err, ErrSignature) && (s.single || t.KeyID == "")
}
