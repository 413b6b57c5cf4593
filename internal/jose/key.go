package jose

import (
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// parseKey reads one JWK (RFC 7517 section 4). The texts of its errors complete "key 1 ...".
func parseKey(text []byte) (k publicKey, err error) {
	o, err := strictjson.Parse(text)
	if err != nil {
		return publicKey{}, errors.New("is not one JSON object without repeated names")
	}
	if err := checkPurpose(o); err != nil {
		return publicKey{}, err
	}
	if k.id, _, err = o.String("kid"); err != nil {
		return publicKey{}, errors.New("has a kid that is not a string")
	}
	if k.public, err = readPublic(o); err != nil {
		return publicKey{}, err
	}
	if k.algorithms, err = AlgorithmsOf(k.public); err != nil {
		return publicKey{}, err
	}
	alg, present, err := o.String("alg")
	switch {
	case err != nil || present && !slices.Contains(k.algorithms, alg):
		return publicKey{}, errors.New("is for an algorithm that is not supported or does not fit")
	case present:
		k.algorithms = []string{alg}
	}
	return k, nil
}

// checkPurpose returns an error if a JWK is not a public key, or not for checking signatures.
func checkPurpose(o strictjson.Object) error {
	kty, _, _ := o.String("kty")
	if _, present, err := o.Raw("k"); kty == "oct" || present || err != nil {
		return errors.New("is a shared secret, which no server should publish")
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth"} {
		if _, present, err := o.Raw(name); present || err != nil {
			return errors.New("is a private key, which no server should publish")
		}
	}
	if use, present, err := o.String("use"); err != nil || present && use != "sig" {
		return errors.New("is not for signatures (use)")
	}
	if ops, present, err := o.Strings("key_ops"); err != nil || present && !slices.Contains(ops, "verify") {
		return errors.New("is not for checking signatures (key_ops)")
	}
	return nil
}

// readPublic reads the members that make the key, and no others: a certificate beside them (x5c)
// has no meaning here.
func readPublic(o strictjson.Object) (crypto.PublicKey, error) {
	members := map[string]string{}
	for _, name := range []string{"kty", "n", "e", "crv", "x", "y"} {
		value, present, err := o.String(name)
		if err != nil {
			return nil, errors.New("is damaged")
		}
		if present {
			members[name] = value
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(text); err != nil {
		return nil, errors.New("is damaged, or of a type that is not supported")
	}
	// crypto/rsa refuses these exponents when it verifies.
	if k, ok := jwk.Key.(*rsa.PublicKey); ok && (k.E < 3 || k.E%2 == 0 || k.E > 1<<31-1) {
		return nil, errors.New("has an RSA exponent that is not valid")
	}
	return jwk.Key, nil
}
