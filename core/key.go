package core

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"sync"
	"unsafe"

	"github.com/mfpguard/mfpguard/internal/memcache"
)

// keyer turns tokens into cache keys: a keyed hash of the token under a random key that each
// Verifier makes for itself and never shows. So a key says nothing about its token, and is of no
// use to another server, client or process.
//
// The hash is GMAC. With one fixed nonce that is a universal hash and not a signature. An attacker
// who does not know the key and sees no output finds two tokens of up to 8 KiB with equal tags
// with probability 2^-119 a pair. So outputs stay inside the process; a log gets a fingerprint.
//
// FIPS 140-3 allows no nonce of ours. Where it is enforced (GODEBUG=fips140=only), the hash is
// HMAC-SHA-256, cut to 128 bits, which takes about five times as long.
type keyer struct {
	scratch sync.Pool // of *gmac, or of *sha with fips
	fips    bool
	salt    [16]byte // of fingerprints
}

func newKeyer() (*keyer, error) {
	k := &keyer{fips: fips140.Enforced()}
	rand.Read(k.salt[:]) // never fails
	if k.fips {
		k.scratch.New = hmacKeys()
		return k, nil
	}
	var err error
	k.scratch.New, err = gmacKeys()
	return k, err
}

func (k *keyer) key(token string) memcache.Key {
	// Neither hash keeps or changes the bytes, so the string's need no copy.
	bytes := unsafe.Slice(unsafe.StringData(token), len(token))
	if k.fips {
		s := k.scratch.Get().(*sha)
		defer k.scratch.Put(s)
		return s.sum(bytes)
	}
	g := k.scratch.Get().(*gmac)
	g.gcm.Seal(g.tag[:0], g.nonce[:], nil, bytes)
	key := memcache.Key(g.tag)
	k.scratch.Put(g)
	return key
}

// gmac is pooled because its memory escapes into cipher.AEAD.
type gmac struct {
	gcm   cipher.AEAD
	nonce [12]byte
	tag   [16]byte
}

func gmacKeys() (func() any, error) {
	var key [16]byte
	rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return func() any { return &gmac{gcm: gcm} }, nil
}

type sha struct {
	mac hash.Hash
	tag [sha256.Size]byte
}

func hmacKeys() func() any {
	var key [32]byte
	rand.Read(key[:])
	return func() any { return &sha{mac: hmac.New(sha256.New, key[:])} }
}

func (s *sha) sum(token []byte) memcache.Key {
	s.mac.Reset()
	s.mac.Write(token)
	s.mac.Sum(s.tag[:0])
	return memcache.Key(s.tag[:16])
}

// fingerprint is what a log may show of a token: enough to tell two tokens of one process apart,
// and no way back to the token.
func (k *keyer) fingerprint(key memcache.Key) string {
	sum := sha256.Sum256(slices.Concat(k.salt[:], key[:]))
	return hex.EncodeToString(sum[:4])
}
