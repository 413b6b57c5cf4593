package interop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those that mfpguard signs and verifies with.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

var (
	signingKeys = newKeys("server") // of the servers
	clientKeys  = newKeys("client")
)

// keys has a key for each algorithm. RS256 and PS256 share one.
type keys struct {
	rsa     *rsa.PrivateKey
	ecdsa   *ecdsa.PrivateKey
	ed25519 ed25519.PrivateKey
	prefix  string // of their ids
}

func newKeys(prefix string) *keys {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return &keys{r, e, ed, prefix}
}

// signer is the key for an algorithm, and its id.
func (k *keys) signer(algorithm jose.SignatureAlgorithm) (key crypto.Signer, id string) {
	switch algorithm {
	case jose.ES256:
		return k.ecdsa, k.prefix + "-ecdsa"
	case jose.EdDSA:
		return k.ed25519, k.prefix + "-ed25519"
	}
	return k.rsa, k.prefix + "-rsa"
}

// privateKeys are what a server signs with.
func privateKeys(k *keys) (set jose.JSONWebKeySet) {
	for _, algorithm := range algorithms[1:] {
		key, id := k.signer(algorithm)
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key, KeyID: id, Use: "sig"})
	}
	return set
}

// publicKey is what a server knows of a client's key.
func publicKey(k *keys, algorithm jose.SignatureAlgorithm) jose.JSONWebKeySet {
	key, id := k.signer(algorithm)
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: id, Use: "sig"}}}
}

// keyClient is a client that authenticates with a key, and wants answers that are signed with the
// same algorithm.
func keyClient(algorithm jose.SignatureAlgorithm) client {
	c := newClient("key-"+string(algorithm), "")
	c.Metadata = map[string]any{
		"token_endpoint_auth_method":        "private_key_jwt",
		"token_endpoint_auth_signing_alg":   algorithm,
		"introspection_signed_response_alg": algorithm,
		"jwks":                              publicKey(clientKeys, algorithm),
	}
	return c
}

// unnamedKey is a client whose key has no id.
var unnamedKey = func() client {
	c := keyClient(jose.ES256)
	set := publicKey(clientKeys, jose.ES256)
	set.Keys[0].KeyID = ""
	c.ID, c.Metadata["jwks"] = "unnamed-key", set
	return c
}()

// poster is a client that is registered with its secret in the form.
var poster = func() client {
	c := newClient("poster", "poster-secret")
	c.Metadata = map[string]any{"token_endpoint_auth_method": "client_secret_post"}
	return c
}()

// keyClients are the clients with keys, one for each algorithm, and two more. Only oidc-provider
// knows them.
func keyClients() (all []client) {
	all = append(all, unnamedKey, poster)
	for _, algorithm := range algorithms {
		all = append(all, keyClient(algorithm))
	}
	return all
}
