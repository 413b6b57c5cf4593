package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
)

// The algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1).
const (
	RS256 = "RS256"
	PS256 = "PS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// Algorithms are all that are supported.
var Algorithms = []string{RS256, PS256, ES256, EdDSA}

// minRSABits is the size that RFC 7518 section 3.3 demands.
const minRSABits = 2048

// AlgorithmsOf returns the algorithms that a public key can be used with, the usual one first.
func AlgorithmsOf(public crypto.PublicKey) ([]string, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			return nil, fmt.Errorf("is an RSA key of %d bits, want %d or more", k.N.BitLen(), minRSABits)
		}
		return []string{RS256, PS256}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return nil, fmt.Errorf("is an ECDSA key on the curve %s, want P-256", k.Curve.Params().Name)
		}
		return []string{ES256}, nil
	case ed25519.PublicKey:
		return []string{EdDSA}, nil
	}
	return nil, errors.New("is no RSA, ECDSA or Ed25519 key")
}

// AlgorithmFor returns the algorithm to use with a public key: the one asked for, or the usual one
// if that is "".
func AlgorithmFor(public crypto.PublicKey, asked string) (string, error) {
	possible, err := AlgorithmsOf(public)
	switch {
	case err != nil:
		return "", err
	case asked == "":
		return possible[0], nil
	case !slices.Contains(possible, asked):
		return "", fmt.Errorf("cannot be used with %q, want one of %q", asked, possible)
	}
	return asked, nil
}
