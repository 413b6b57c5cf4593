package contain

import (
	"crypto"
	"errors"
	"io"
)

// Signer returns a key like s. A panic of s is an error, and no public key.
func (h *Hook) Signer(s crypto.Signer) crypto.Signer { return &signer{hook: h, inner: s} }

type signer struct {
	hook  *Hook
	inner crypto.Signer
}

// Public implements crypto.Signer.
func (s *signer) Public() (public crypto.PublicKey) {
	s.hook.Call(func() { public = s.inner.Public() })
	return public
}

// Sign implements crypto.Signer.
func (s *signer) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) (signature []byte, err error) {
	err = errors.New("the key panicked")
	s.hook.Call(func() { signature, err = s.inner.Sign(random, digest, options) })
	return signature, err
}
