package core

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"unsafe"

	"github.com/mfpguard/mfpguard/internal/memcache"
)

// keyer turns tokens into cache keys: the GMAC of the token under a random key that each Verifier
// makes for itself and never shows. So a key says nothing about its token, and is of no use to
// another server, client or process.
//
// With one fixed nonce GMAC is a universal hash and not a signature. An attacker who does not know
// the key and sees no output finds two tokens of up to 8 KiB with equal tags with probability
// 2^-119 a pair. So outputs stay inside the process; a log gets a fingerprint.
type keyer struct {
	gcm     cipher.AEAD
	salt    [16]byte // of fingerprints
	scratch sync.Pool
}

func newKeyer() (*keyer, error) {
	var key, salt [16]byte
	rand.Read(key[:]) // never fails
	rand.Read(salt[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err // GODEBUG=fips140=only allows no nonce of ours
	}
	return &keyer{gcm: gcm, salt: salt, scratch: sync.Pool{New: func() any { return new(scratch) }}}, nil
}

// scratch is memory that escapes into cipher.AEAD, which is why it is pooled.
type scratch struct {
	nonce [12]byte
	tag   [16]byte
}

func (k *keyer) key(token string) memcache.Key {
	s := k.scratch.Get().(*scratch)
	// Seal reads the additional data and keeps nothing of it, so the string's bytes need no copy.
	k.gcm.Seal(s.tag[:0], s.nonce[:], nil, unsafe.Slice(unsafe.StringData(token), len(token)))
	key := memcache.Key(s.tag)
	k.scratch.Put(s)
	return key
}

// fingerprint is what a log may show of a token: enough to tell two tokens of one process apart,
// and no way back to the token.
func (k *keyer) fingerprint(key memcache.Key) string {
	sum := sha256.Sum256(slices.Concat(k.salt[:], key[:]))
	return hex.EncodeToString(sum[:4])
}
