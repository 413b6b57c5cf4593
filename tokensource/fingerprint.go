package tokensource

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// fingerprint is a keyed hash of a secret, or of the thumbprint of a key, to compare it with
// another one without keeping it. No secret has the zero fingerprint.
type fingerprint [sha256.Size]byte

// fingerprintKey is random, so that fingerprints mean nothing outside this process.
type fingerprintKey [sha256.Size]byte

func newFingerprintKey() (k fingerprintKey) {
	_, _ = rand.Read(k[:]) // never fails
	return k
}

func (k *fingerprintKey) of(secret string) fingerprint {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte(secret))
	return fingerprint(mac.Sum(nil))
}
