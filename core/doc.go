// Package core decides whether a request that carries an OAuth 2.0 access token may pass. It accepts the tokens of an external
// authorization server, IBM MobileFirst Foundation 8.0 first of all, by asking that server about them (token introspection,
// RFC 7662).
//
//	v, err := core.New(core.Config{
//		Profile:      core.MobileFirst8("https://mfp.example.com:9443/mfp/api"),
//		ClientID:     "orders-api",
//		ClientSecret: tokensource.Secret(os.Getenv("MFP_CLIENT_SECRET")),
//	})
//	if err != nil {
//		return err
//	}
//	mux.Handle("GET /balance", httpguard.Require(v, core.AllOf("accessRestricted"))(balance))
//
// and in the handler
//
//	p, ok := core.FromContext(r.Context())
//
// # The life of one request
//
// An adapter (packages httpguard, ginguard, fiberguard) hands all values of the Authorization field to Verifier.Authorize,
// together with the Requirement of the route. Then
//
//   - bearer.go finds the token, or refuses: no credentials, malformed, ambiguous. Nothing is sent anywhere.
//   - key.go turns it into a key; from here on the token itself goes only to the server.
//   - caching.go knows the answer from before, or joins or starts the one call about this token.
//   - introspector.go asks the server, with a token of our own that package tokensource renews before it ends.
//   - introspection.go reads the answer: exact names, exact types, or it is no answer.
//   - verifier.go decides, also when the answer was remembered: active, times, issuer, audience, scope.
//   - denial.go says what a refused client is told; the adapter copies it.
//
// # Who is to blame
//
// A request is refused with 401 or 403 for what the server said about its token, and for nothing else. If the server cannot be
// reached, answers garbage, or does not accept this service's own credentials, the answer is 503 with Retry-After: users are
// not logged out by an outage, and they do not get in either.
//
// # What core is not
//
// It does not decode tokens, even if they look like a JWT: the server's word is what counts. It takes tokens from the
// Authorization field only, not from queries, forms or cookies. It does not log users in, and it stores nothing outside the
// process.
package core
