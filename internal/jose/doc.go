// Package jose makes and checks signed JWTs (RFC 7519, RFC 7515), and keeps the keys of
// authorization servers. No other package of the module knows go-jose.
//
// Only asymmetric algorithms exist here: [RS256], [PS256], [ES256] and [EdDSA]. So a public key can
// never be taken for a shared secret, and "none" is no algorithm.
package jose
