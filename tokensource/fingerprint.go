package tokensource

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// A fingerprint tells one secret from another without keeping it. The zero fingerprint is that of no secret.
type fingerprint [sha256.Size]byte

// fingerprintKey makes fingerprints of no use outside this process: it is random.
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
