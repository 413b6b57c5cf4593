// Package jose makes and checks signed JWTs (RFC 7519, RFC 7515), and keeps the keys of
// authorization servers. No other package of the module knows go-jose.
//
// Only asymmetric algorithms exist here: [RS256], [PS256], [ES256] and [EdDSA]. So a public key can
// never be taken for a shared secret, and "none" is no algorithm.
//
// # Checking
//
// A [Keeper] has the address of one key document, and [Keeper.Verify] checks signatures with the
// keys there. Nothing in a token leads to another key: keys and addresses in its header have no
// meaning. A token with a "kid" is checked with the keys of that name, one without with all keys of
// the fitting type, but no token with more than eight keys. Claims are the caller's business.
//
// A key is used for what it says (use, key_ops, alg). Keys that are broken, too short or of another
// curve, private keys and shared secrets are left out, and the others of the set are used.
//
// # When keys are fetched
//
// The first token that needs keys fetches them, and all callers wait for that one fetch, each
// within its own context. From then on callers have the keys at once:
//
//   - After the max-age of the document (five minutes to twelve hours; an hour without one) the
//     next token begins a fetch in the background.
//   - A token with an unknown kid may be signed with a new key. It waits for a fetch and is checked
//     again. Strangers can send such tokens, so they cause one fetch in five minutes, all together.
//     Without a kid, or for a document of one key, a wrong signature counts as an unknown key.
//   - After a failure no fetch begins for 1 to 30 seconds, longer with each failure. The keys stay
//     in use for a day after they were last got; from then on every token is [ErrNoKeys]. A token
//     whose key is unknown is [ErrNoKeys], too, while fetching fails: its key may be a new one.
//   - A document without a usable key is a failure. It replaces nothing.
//
// There is no goroutine but that of a fetch, and no lock is held while a signature is checked.
package jose
